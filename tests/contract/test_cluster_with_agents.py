"""The part of the Cluster port that needs clone-agent in real containers: prove, reset, prove again."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.kubernetes.client import KubernetesClient
from clonepool.adapters.kubernetes.cluster import KubernetesCluster, Place
from clonepool.adapters.kubernetes.endpoint import kubeconfig_endpoint
from clonepool.adapters.kubernetes.exec import Executor
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash
from clonepool.domain.observed import ImportJob
from clonepool.domain.pods import Pod, PodRef, PodState
from clonepool.errors import ClusterUnavailable, StaleObject
from tests.contract.test_cluster import NAMESPACE, lab_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clonepool.domain.observed import Verdict

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
SETTLE_SECONDS = 120


@pytest.fixture(scope="module")
def template() -> PodTemplate:
    """The images that the lab's functions use."""
    settings = Path(os.environ.get("CLONEPOOL_LAB_DIR", ".lab")) / "run" / "functions.json"
    if not settings.exists():
        pytest.fail(f"the lab's functions are not up: {settings} is missing; run `make lab-up`")
    named = json.loads(settings.read_text())["parameters"]
    return PodTemplate(
        named["WordpressImage"], named["MysqlImage"], cpu_request="100m", pull_policy=named["ImagePullPolicy"]
    )


@pytest.fixture(scope="module")
def cluster(template: PodTemplate) -> KubernetesCluster:
    endpoint = kubeconfig_endpoint(lab_kubeconfig())
    place = Place(NAMESPACE, "contract", "clones.test", template)
    return KubernetesCluster(KubernetesClient(endpoint), Executor(endpoint), place)


@pytest.fixture(scope="module")
def new(cluster: KubernetesCluster, template: PodTemplate) -> Iterator[PodRef]:
    name = f"contract-{secrets.token_hex(4)}"
    row = Pod(name, "contract", PodState.CREATING, 1, template_hash(template), 0, 0)
    ref = PodRef(name, cluster.create_pod(row), 1)
    yield ref
    cluster.delete_pod(PodRef(name, ref.uid, 1 << 30))


def generation_of(cluster: KubernetesCluster, ref: PodRef) -> int:
    """What its label says."""
    return next(seen.generation for seen in cluster.pods() if seen.uid == ref.uid)


def settled(cluster: KubernetesCluster, ref: PodRef) -> Verdict:
    """The verdict, once there is one."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (verdict := cluster.verify(ref)).settled:
        assert time.monotonic() < deadline, f"{ref} has not settled"
        time.sleep(0.2)
    return verdict


def test_a_pod_is_proved_clean_in_each_generation_and_refuses_the_old_one(
    cluster: KubernetesCluster, new: PodRef
) -> None:
    first = settled(cluster, new)
    assert (first.ok, first.findings) == (True, ())
    assert {name.partition(".")[0] for name in first.checks} == {"wordpress", "mysql", "pod"}

    cluster.start_reset(new, 2)
    second = PodRef(new.pod_name, new.uid, 2)
    again = settled(cluster, second)
    assert (again.ok, again.findings, again.generation) == (True, (), 2)
    assert again.reset_ms > 0

    with pytest.raises(StaleObject):
        cluster.verify(new)
    with pytest.raises(StaleObject):
        cluster.outbound(new)
    ledger = cluster.outbound(second)
    assert (ledger.attempts, ledger.tallies) == ((), ())
    job = ImportJob("shop", 1, "https://shop.test", "0" * 16, "00" * 32, 2**31, "https://shop.clones.test")
    with pytest.raises(StaleObject):
        list(cluster.run_import(new, job, 20))
    (seen,) = [one for one in cluster.pods() if one.uid == new.uid]
    assert seen.restarts == 0, "a reset is no restart of a container"


def test_an_import_from_nowhere_fails_with_a_code(cluster: KubernetesCluster, new: PodRef) -> None:
    ref = PodRef(new.pod_name, new.uid, generation_of(cluster, new))
    settled(cluster, ref)
    job = ImportJob(
        "shop",
        ref.generation,
        "https://nowhere.invalid",
        "0" * 16,
        "00" * 32,
        2**31,
        "https://shop.clones.test",
    )
    try:
        *_, last = cluster.run_import(ref, job, 120)
    except ClusterUnavailable as error:
        pytest.fail(f"the stream broke: {error}")
    assert last.result == "failed"
    assert last.failure_code == "source_unreachable"
