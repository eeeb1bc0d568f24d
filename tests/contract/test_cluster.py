"""The promises of the Cluster port: on the fake, on the adapter before a small API, and on a real cluster."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.kubernetes.client import KubernetesClient
from clonepool.adapters.kubernetes.cluster import KubernetesCluster, Place
from clonepool.adapters.kubernetes.endpoint import Endpoint, kubeconfig_endpoint
from clonepool.adapters.kubernetes.exec import Executor
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash
from clonepool.domain.pods import Pod, PodRef, PodState
from clonepool.domain.reach import Destination, Reach
from clonepool.errors import StaleObject
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.unit.edge.kube_api import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clonepool.ports import Cluster

NAMESPACE = "wordpress-staging"
TEMPLATE = PodTemplate("localhost/contract/none:1", "localhost/contract/none:1", pull_policy="Never")
WAIT_SECONDS = 30
REACH = Reach(Destination("shop.example.com", ("93.184.215.14",), (443,)))


class Nobody:
    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        return {}


@dataclass
class Subject:
    """A cluster, and names that nobody else uses."""

    cluster: Cluster
    pool: str
    made: list[str] = field(default_factory=list)

    def pod(self, name: str = "a", generation: int = 1) -> Pod:
        """A CREATING row."""
        pod_name = f"{self.pool}-{name}"
        self.made.append(pod_name)
        return Pod(pod_name, self.pool, PodState.CREATING, generation, template_hash(TEMPLATE), 0, 0)

    def created(self, name: str = "a", generation: int = 1) -> PodRef:
        """A pod in the cluster."""
        pod = self.pod(name, generation)
        return PodRef(pod.pod_name, self.cluster.create_pod(pod), generation)

    def leased(self, name: str = "a", clone_id: str = "shop") -> PodRef:
        """A pod with labels, routes and network of a lease."""
        ref = self.created(name)
        self.cluster.open_network(ref, REACH)
        self.cluster.label(ref, PodState.ASSIGNED, self.clone_id(clone_id))
        self.cluster.route(ref, self.clone_id(clone_id))
        return ref

    def clone_id(self, name: str = "shop") -> str:
        return f"{self.pool}-{name}"

    def routed(self) -> set[tuple[str, int]]:
        """Pod and generation of all routes."""
        return self.objects("Service", "Ingress")

    def opened(self) -> set[tuple[str, int]]:
        """Pod and generation of all that may call somebody."""
        return self.objects("NetworkPolicy")

    def objects(self, *kinds: str) -> set[tuple[str, int]]:
        return {(name, number) for kind, name, number in self.cluster.strays() if kind in kinds}

    def is_gone(self, ref: PodRef) -> bool:
        """Whether the pod goes in time."""
        return eventually(lambda: not self.cluster.exists(ref))


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def adapter(endpoint: Endpoint, pool: str) -> KubernetesCluster:
    place = Place(NAMESPACE, pool, "clones.test", TEMPLATE)
    return KubernetesCluster(KubernetesClient(endpoint), Executor(endpoint), place)


@pytest.fixture(params=["fake", "adapter", pytest.param("lab", marks=pytest.mark.e2e)])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    pool = f"contract-{secrets.token_hex(3)}"
    if request.param == "fake":
        yield Subject(FakeCluster(FakeClock()), pool)
    elif request.param == "adapter":
        with serving() as api:
            yield Subject(adapter(Endpoint(api.url, None, Nobody()), pool), pool)
    else:
        subject = Subject(adapter(kubeconfig_endpoint(lab_kubeconfig()), pool), pool)
        try:
            yield subject
        finally:
            clean_up(subject)


def lab_kubeconfig() -> str:
    """The credential that the lab gives to functions: the role of infra/kubernetes and no more."""
    path = Path(os.environ.get("CLONEPOOL_FUNCTIONS_KUBECONFIG", ".lab/conf/functions.kubeconfig"))
    if not path.exists():
        pytest.fail(f"the lab is not up: {path} is missing; run `make lab-up`")
    return str(path)


def clean_up(subject: Subject) -> None:
    cluster = subject.cluster
    for seen in cluster.pods():
        cluster.delete_pod(PodRef(seen.pod_name, seen.uid, seen.generation))
    for name in {name for _, name, _ in cluster.strays()}:
        cluster.delete_pod(PodRef(name, None, 1))


def test_creating_again_continues_and_gives_the_same_uid(subject: Subject) -> None:
    pod = subject.pod()
    assert subject.cluster.create_pod(pod) == subject.cluster.create_pod(pod)
    assert [seen.pod_name for seen in subject.cluster.pods()] == [pod.pod_name]


def test_a_name_in_use_by_another_generation_is_refused(subject: Subject) -> None:
    subject.created(generation=2)
    with pytest.raises(StaleObject):
        subject.cluster.create_pod(subject.pod(generation=1))


def test_a_new_pod_is_seen_as_it_was_made(subject: Subject) -> None:
    ref = subject.created()
    (seen,) = subject.cluster.pods()
    assert (seen.pod_name, seen.uid, seen.generation) == (ref.pod_name, ref.uid, 1)
    assert (seen.status, seen.node_lost, seen.restarts) == ("creating", False, 0)


def test_a_pod_that_is_gone_has_no_logs_and_no_verdict(subject: Subject) -> None:
    ref = subject.created()
    subject.cluster.delete_pod(ref)
    assert subject.is_gone(ref)
    with pytest.raises(StaleObject):
        subject.cluster.logs(ref)
    with pytest.raises(StaleObject):
        subject.cluster.verify(ref)


def test_labels_mirror_the_state_and_forget_the_clone(subject: Subject) -> None:
    ref = subject.created()
    subject.cluster.label(ref, PodState.ASSIGNED, "shop")
    assert subject.cluster.pods()[0].status == "assigned"
    subject.cluster.label(ref, PodState.WARM, None)
    subject.cluster.label(ref, PodState.WARM, None)
    assert subject.cluster.pods()[0].status == "ready"


STALE = [
    ("another generation", lambda ref: PodRef(ref.pod_name, ref.uid, ref.generation - 1)),
    ("another uid", lambda ref: PodRef(ref.pod_name, "00000000-0000-0000-0000-000000000000", ref.generation)),
    ("no such pod", lambda ref: PodRef(f"{ref.pod_name}-x", ref.uid, ref.generation)),
]
CHANGES: list[tuple[str, Callable[[Cluster, PodRef], object]]] = [
    ("label", lambda cluster, ref: cluster.label(ref, PodState.READY, "shop")),
    ("nudge", lambda cluster, ref: cluster.nudge(ref)),
    ("open_network", lambda cluster, ref: cluster.open_network(ref, REACH)),
    ("route", lambda cluster, ref: cluster.route(ref, f"{ref.pod_name}-shop")),
    ("start_reset", lambda cluster, ref: cluster.start_reset(ref, ref.generation + 5)),
    ("verify", lambda cluster, ref: cluster.verify(ref)),
]


@pytest.mark.parametrize("stale", [one[1] for one in STALE], ids=[one[0] for one in STALE])
@pytest.mark.parametrize("change", [one[1] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_a_worker_of_another_generation_is_refused_everywhere(
    subject: Subject, stale: Callable[[PodRef], PodRef], change: Callable[[Cluster, PodRef], object]
) -> None:
    ref = subject.created(generation=2)
    with pytest.raises(StaleObject):
        change(subject.cluster, stale(ref))
    (seen,) = subject.cluster.pods()
    assert (seen.generation, seen.status) == (2, "creating")
    assert subject.routed() == subject.opened() == set()


def test_a_reset_moves_the_generation_and_fences_the_old_one(subject: Subject) -> None:
    old = subject.leased()
    subject.cluster.start_reset(old, 2)
    (seen,) = subject.cluster.pods()
    assert (seen.uid, seen.generation, seen.status) == (old.uid, 2, "resetting")
    with pytest.raises(StaleObject):
        subject.cluster.label(old, PodState.READY, "shop")
    subject.cluster.nudge(PodRef(old.pod_name, old.uid, 2))


def test_a_reset_is_completed_by_repeating_it(subject: Subject) -> None:
    old = subject.leased()
    subject.cluster.start_reset(old, 2)
    subject.cluster.start_reset(old, 2)
    assert subject.cluster.pods()[0].generation == 2
    assert {number for kind, _, number in subject.cluster.strays() if kind == "Secret"} == {2}


def test_routing_again_changes_nothing(subject: Subject) -> None:
    ref = subject.leased()
    subject.cluster.route(ref, subject.clone_id())
    assert subject.routed() == {(ref.pod_name, 1)}


def test_a_name_that_a_live_lease_holds_is_not_taken_away(subject: Subject) -> None:
    holder, late = subject.leased("a"), subject.created("b")
    with pytest.raises(StaleObject):
        subject.cluster.route(late, subject.clone_id())
    assert subject.routed() == {(holder.pod_name, 1)}


def test_a_name_changes_hands_once_its_holder_is_taken_back(subject: Subject) -> None:
    holder, heir = subject.leased("a"), subject.created("b")
    subject.cluster.start_reset(holder, 2)
    subject.cluster.route(heir, subject.clone_id())
    assert subject.routed() == {(heir.pod_name, 1)}
    subject.cluster.unroute(holder.pod_name, 1)
    assert subject.routed() == {(heir.pod_name, 1)}


def test_the_same_pod_serves_the_same_name_again_in_its_next_generation(subject: Subject) -> None:
    old = subject.leased()
    subject.cluster.start_reset(old, 2)
    subject.cluster.route(PodRef(old.pod_name, old.uid, 2), subject.clone_id())
    assert subject.routed() == {(old.pod_name, 2)}
    subject.cluster.unroute(old.pod_name, 1)
    assert subject.routed() == {(old.pod_name, 2)}


def test_unrouting_takes_all_of_a_generation_and_may_be_repeated(subject: Subject) -> None:
    ref = subject.leased()
    subject.cluster.unroute(ref.pod_name, 1)
    subject.cluster.unroute(ref.pod_name, 1)
    assert subject.routed() == subject.opened() == set()


def test_of_several_openings_for_one_lease_the_first_counts(subject: Subject) -> None:
    ref = subject.created()
    other = Reach(Destination("shop.example.com", ("93.184.216.34",), (80,)), (REACH.source,))
    assert subject.cluster.opened(ref) is None
    assert subject.cluster.open_network(ref, other) == other
    assert subject.cluster.open_network(ref, REACH) == other
    assert subject.cluster.opened(ref) == other
    assert subject.opened() == {(ref.pod_name, 1)}


def test_closing_says_so_and_leaves_no_way_in_or_out(subject: Subject) -> None:
    ref = subject.leased()
    subject.cluster.close(ref)
    subject.cluster.close(ref)
    (seen,) = subject.cluster.pods()
    assert (seen.generation, seen.status) == (1, "resetting")
    assert subject.routed() == subject.opened() == set()


def test_a_late_closing_does_not_touch_the_next_lease(subject: Subject) -> None:
    old = subject.leased()
    subject.cluster.start_reset(old, 2)
    new = PodRef(old.pod_name, old.uid, 2)
    subject.cluster.open_network(new, REACH)
    subject.cluster.label(new, PodState.ASSIGNED, subject.clone_id("other"))
    subject.cluster.close(old)
    assert subject.cluster.pods()[0].status == "assigned"
    assert subject.opened() == {(old.pod_name, 2)}


def test_deleting_leaves_nothing_and_may_be_repeated(subject: Subject) -> None:
    ref = subject.leased()
    subject.cluster.delete_pod(ref)
    assert subject.is_gone(ref)
    subject.cluster.delete_pod(ref)
    assert subject.cluster.pods() == []
    assert eventually(lambda: subject.cluster.strays() == [])


def test_deleting_means_exactly_this_uid(subject: Subject) -> None:
    ref = subject.leased()
    subject.cluster.delete_pod(PodRef(ref.pod_name, "00000000-0000-0000-0000-000000000000", 1))
    assert subject.cluster.exists(ref)
    assert subject.routed() == {(ref.pod_name, 1)}


def test_a_pod_in_a_newer_generation_is_not_deleted(subject: Subject) -> None:
    old = subject.leased()
    subject.cluster.start_reset(old, 2)
    with pytest.raises(StaleObject):
        subject.cluster.delete_pod(old)
    assert subject.cluster.exists(old)
    subject.cluster.delete_pod(PodRef(old.pod_name, old.uid, 2))
    assert subject.is_gone(old)


def test_a_pod_whose_uid_is_not_known_is_left_alone(subject: Subject) -> None:
    ref = subject.created()
    unknown = PodRef(ref.pod_name, None, 1)
    subject.cluster.delete_pod(unknown)
    assert subject.cluster.exists(unknown)
    assert subject.cluster.exists(ref)


def test_what_a_creator_left_that_died_early_is_found_and_deleted(subject: Subject) -> None:
    ref = subject.created()
    assert ("Secret", ref.pod_name, 1) in subject.cluster.strays()
    subject.cluster.delete_pod(ref)
    assert subject.is_gone(ref)
    subject.cluster.delete_pod(PodRef(ref.pod_name, None, 0))
    assert eventually(lambda: subject.cluster.strays() == [])
