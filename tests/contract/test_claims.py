"""Claims, the queue, and the binding of both to pods: kept by the fake and by DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.clones import CloneState
from clonepool.domain.pods import PodState, Proof
from clonepool.domain.transitions import new_pod, to_warm
from clonepool.errors import CloneExists, PodTaken, SourceNotRegistered, StaleRow
from tests.contract.shop import NOW, POOL, TEMPLATE, leasing, waiting

if TYPE_CHECKING:
    from tests.contract.shop import Shop


def test_a_claim_binds_clone_and_pod_and_writes_history(shop: Shop) -> None:
    shop.open("alice")
    pod = shop.warm_pods(1)[0]
    clone = leasing(pod, allow_hosts=["api.example.com"])

    shop.leases.claim(pod, clone, NOW)

    assert shop.leases.get("alice") == clone
    row = shop.pods.get(pod.pod_name)
    assert row
    assert (row.state, row.clone_id, row.lease_id) == (PodState.ASSIGNED, "alice", clone.lease_id)
    assert row.deadline_at is not None
    assert shop.pods.warm(POOL) == []
    lease = shop.leases.last_lease("alice")
    assert lease
    assert (lease.pod_name, lease.generation, lease.lease_id) == (pod.pod_name, 1, clone.lease_id)


def test_a_claim_without_a_source_changes_nothing(shop: Shop) -> None:
    shop.open()
    pod = shop.warm_pods(1)[0]

    with pytest.raises(SourceNotRegistered):
        shop.leases.claim(pod, leasing(pod), NOW)

    assert shop.pods.get(pod.pod_name) == pod
    assert shop.leases.get("alice") is None


def test_a_claim_of_a_taken_pod_changes_nothing(shop: Shop) -> None:
    shop.open("alice", "bob")
    pod = shop.warm_pods(1)[0]
    shop.leases.claim(pod, leasing(pod), NOW)

    with pytest.raises(PodTaken):
        shop.leases.claim(pod, leasing(pod, "bob", "lease-2"), NOW)

    assert shop.leases.get("bob") is None


def test_a_claim_meets_the_clone_that_is_there(shop: Shop) -> None:
    shop.open("alice")
    one, two = shop.warm_pods(2)
    first = leasing(one)
    shop.leases.claim(one, first, NOW)

    with pytest.raises(CloneExists) as met:
        shop.leases.claim(two, leasing(two, lease="lease-2"), NOW)

    assert met.value.clone == first
    assert shop.pods.get(two.pod_name) == two


@pytest.mark.parametrize(
    "stale", [{"generation": 7}, {"template_hash": "template-0"}, {"pod_name": "wp-gone"}]
)
def test_a_pod_that_is_not_as_read_cannot_be_claimed(shop: Shop, stale: dict[str, object]) -> None:
    shop.open("alice")
    pod = replace(shop.warm_pods(1)[0], **stale)  # type: ignore[arg-type]

    with pytest.raises(PodTaken):
        shop.leases.claim(pod, leasing(pod), NOW)


def test_a_proof_of_another_generation_entitles_to_nothing(shop: Shop) -> None:
    pool = shop.open("alice")
    row = new_pod("wp-x", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)
    unproven = shop.pods.change(row, to_warm(row, Proof(5, NOW, 900), NOW))

    with pytest.raises(PodTaken):
        shop.leases.claim(unproven, leasing(unproven), NOW)


def test_customer_a_with_name_b_and_customer_a_b_never_meet(shop: Shop) -> None:
    shop.open("a", "a-b")
    one, two = shop.warm_pods(2)
    shop.leases.claim(one, leasing(one, "a", "lease-1", name="b"), NOW)
    shop.leases.claim(two, leasing(two, "a-b", "lease-2"), NOW)

    assert [c.clone_id for c in shop.leases.of_customer("a")[0]] == ["a--b"]
    assert [c.clone_id for c in shop.leases.of_customer("a-b")[0]] == ["a-b"]


def test_a_queued_clone_is_bound_to_a_warm_pod(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    assert shop.leases.queued(POOL, NOW) == [clone]
    pod = shop.warm_pods(1)[0]

    bound = shop.leases.bind(pod, clone, NOW + 5)

    assert bound.state is CloneState.IMPORTING
    assert shop.leases.get("alice") == bound
    assert shop.leases.queued(POOL, NOW) == []
    row = shop.pods.get(pod.pod_name)
    assert row
    assert (row.state, row.lease_id) == (PodState.ASSIGNED, clone.lease_id)


def test_a_settling_pod_is_bound_together_with_its_proof(shop: Shop) -> None:
    pool = shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    row = new_pod("wp-x", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)

    shop.leases.bind(replace(row, proof=Proof(1, NOW, 900)), clone, NOW)

    bound = shop.pods.get("wp-x")
    assert bound
    assert bound.state is PodState.ASSIGNED
    assert bound.proven


@pytest.mark.parametrize("proof", [None, Proof(2, NOW, 900)])
def test_a_settling_pod_without_a_proof_of_its_generation_is_bound_to_nobody(
    shop: Shop, proof: Proof | None
) -> None:
    pool = shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    row = new_pod("wp-x", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)

    with pytest.raises(PodTaken):
        shop.leases.bind(replace(row, proof=proof), clone, NOW)

    assert (shop.leases.get("alice"), shop.pods.get("wp-x")) == (clone, row)


def test_binding_twice_gives_the_second_pod_to_nobody(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    one, two = shop.warm_pods(2)
    shop.leases.bind(one, clone, NOW)

    with pytest.raises(StaleRow):
        shop.leases.bind(two, clone, NOW)

    assert shop.pods.get(two.pod_name) == two


def test_an_expired_queued_clone_is_not_bound(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    pod = shop.warm_pods(1)[0]

    with pytest.raises(StaleRow):
        shop.leases.bind(pod, clone, clone.expires_at)

    assert shop.leases.queued(POOL, clone.expires_at) == []


def test_binding_to_a_pod_that_moved_on(shop: Shop) -> None:
    shop.open("alice", "bob")
    pod, _ = shop.leased("bob")
    clone = waiting()
    shop.leases.queue(clone)

    with pytest.raises(PodTaken):
        shop.leases.bind(replace(pod, state=PodState.WARM, warm_since=NOW), clone, NOW)

    assert shop.leases.get("alice") == clone


def test_who_waits_longest_is_first_in_the_queue(shop: Shop) -> None:
    shop.open("alice", "bob")
    shop.leases.queue(waiting("bob", "lease-b", NOW + 1, ttl_minutes=1))
    shop.leases.queue(waiting("alice", "lease-a", NOW, ttl_minutes=60))

    assert [c.customer_id for c in shop.leases.queued(POOL, NOW)] == ["alice", "bob"]
    assert len(shop.leases.queued(POOL, NOW, limit=1)) == 1


def test_queueing_needs_a_source_and_an_unused_id(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    with pytest.raises(SourceNotRegistered):
        shop.leases.queue(waiting("bob"))
    shop.leases.queue(clone)

    with pytest.raises(CloneExists) as met:
        shop.leases.queue(waiting(lease="lease-2"))

    assert met.value.clone == clone


def test_no_generation_is_ever_leased_twice(shop: Shop) -> None:
    shop.open("alice", "bob")
    pod, clone = shop.leased()
    shop.leases.remove(clone)
    row = shop.pods.get(pod.pod_name)
    assert row
    shop.pods.change(row, replace(row, state=PodState.DELETING, clone_id=None, lease_id=None))
    shop.pods.remove(replace(row, state=PodState.DELETING))
    again = shop.warm_pods(1)[0]
    assert (again.pod_name, again.generation) == (pod.pod_name, 1)

    with pytest.raises(PodTaken):
        shop.leases.claim(again, leasing(again, "bob", "lease-2"), NOW)
