"""The way back: a pod is proved clean for its next customer, or replaced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clonepool.domain.clones import CloneState
from clonepool.domain.pods import PodState
from tests.fakes.faults import Died, Mortality
from tests.fakes.world import REUSING, World

TICK = 61


@pytest.mark.parametrize("call", range(14))
def test_a_return_dies_at_any_call_and_the_pod_comes_back(call: int) -> None:
    mortality = Mortality()
    world = World(wrap=mortality.wrap)
    world.warm_up("alice")
    clone = world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    (event,) = world.tables.events
    world.tables.events.clear()
    mortality.at, mortality.after = call, True
    with pytest.raises(Died):
        world.deliver(event)
    mortality.at = None

    for _ in range(3):
        world.clock.advance(TICK)
        world.tick()
        world.settle_down()

    assert world.pod_of(clone).state is PodState.WARM
    assert world.pod_of(clone).generation == 2
    assert world.cluster.objects[clone.pod_name or ""].site is None


def test_pods_that_are_not_reused_are_replaced() -> None:
    world = World(policy=replace(REUSING, reuse="never"))
    world.warm_up("alice")
    clone = world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    world.settle_down()

    assert clone.pod_name not in world.cluster.objects
    assert clone.pod_name not in world.tables.pods
    lease = world.leases.last_lease("alice")
    assert lease
    assert "does not reuse" in (lease.result or "")


def test_a_finding_deletes_the_pod(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    world.cluster.script.findings[clone.pod_name or ""] = ("a stranger's file",)
    world.release_clone("alice")
    world.settle_down()

    assert clone.pod_name not in world.tables.pods
    assert clone.pod_name not in world.cluster.objects
    assert world.states() == ["WARM"]


def test_a_pod_that_does_not_settle_in_time_is_deleted(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    world.cluster.script.settle_after = -1
    world.release_clone("alice")
    world.settle_down(limit=1)

    assert clone.pod_name not in world.cluster.objects
    assert clone.pod_name not in world.tables.pods


def test_a_used_pod_with_a_crash_is_not_reused(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    world.cluster.objects[clone.pod_name or ""].restarts = 1
    world.release_clone("alice")
    world.settle_down()

    assert clone.pod_name not in world.tables.pods


def test_the_reset_is_proven_in_the_history(world: World) -> None:
    world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    world.settle_down()

    lease = world.leases.last_lease("alice")
    assert lease
    assert lease.proof
    assert lease.proof["generation"] == lease.generation + 1
    assert lease.ended_at == world.clock.now()


def test_a_forged_record_does_not_end_a_live_lease(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()

    world.return_pod(clone.pod_name or "", 1, clone.lease_id)

    assert world.get_clone("alice").state is CloneState.READY


def test_the_queue_is_served_fairly(world: World) -> None:
    world.redeploy(policy=replace(REUSING, max_pods=1, max_live_clones_per_customer=9))
    world.tick()
    first = world.ask("alice")
    world.settle_down()
    world.ask("alice", name="two")
    world.clock.advance(1)
    world.ask("bob")
    world.settle_down()
    world.ask("alice", name="three")
    world.release_clone("alice")
    world.settle_down()

    assert world.pod_of(first).clone_id in {"alice--two", "bob"}
    served = world.pod_of(first).clone_id
    world.release_clone(served or "")
    world.settle_down()
    assert world.pod_of(first).clone_id == ({"alice--two", "bob"} - {served}).pop()
