"""The way back: a pod is proved clean for its next customer, or replaced."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.clones import CloneState, Progress
from clonepool.domain.observed import ImportEvent, Verdict
from clonepool.domain.pods import PodState
from clonepool.errors import InvalidRequest, NotQuarantined
from tests.fakes.faults import Died, Mortality
from tests.fakes.world import REUSING, World

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod, PodRef

TICK = 61


@pytest.mark.parametrize("call", range(16))
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


KEEPING = replace(REUSING, on_suspicion="quarantine", max_quarantined=1)


def _suspect(world: World, customer: str) -> str:
    """Let a customer use a pod in which a difference is found afterwards."""
    clone = world.ask(customer)
    world.settle_down()
    name = world.pod_of(world.leases.get(clone.clone_id)).pod_name
    world.cluster.script.findings[name] = ("a stranger's file",)
    world.release_clone(customer)
    world.settle_down()
    return name


def test_a_suspicious_pod_is_cut_off_kept_listed_and_let_go() -> None:
    world = World(policy=KEEPING)
    world.warm_up("alice", "bob")
    name = _suspect(world, "alice")

    (held,) = world.list_pods("QUARANTINED")
    assert held.pod_name == name
    assert held.evidence
    assert held.evidence.findings == ("a stranger's file",)
    assert world.cluster.objects[name].status == "quarantined"
    assert not any(route[0] == name for route in world.cluster.routes.values())
    assert world.describe_pool().counts["QUARANTINED"] == 1
    assert world.describe_pool().counts["WARM"] == 1
    with pytest.raises(InvalidRequest):
        world.list_pods("CLEAN")

    world.release_pod(name)
    world.release_pod(name)
    world.settle_down()
    assert name not in world.cluster.objects
    assert world.list_pods("QUARANTINED") == []
    world.release_pod(name)


def _stuck(world: World, *findings: str) -> str:
    """Let alice use a pod whose agents then never get done."""
    world.warm_up("alice")
    name = world.pod_of(world.ask("alice")).pod_name
    world.settle_down()
    verify = world.cluster.verify

    def stuck(ref: PodRef) -> Verdict:
        doing = "wordpress failed, mysql serving"
        unsettled = Verdict(False, ok=False, generation=ref.generation, findings=findings, doing=doing)
        return unsettled if ref.pod_name == name else verify(ref)

    world.cluster.verify = stuck  # type: ignore[method-assign]
    world.release_clone("alice")
    for _ in range(4):
        world.settle_down()
        world.clock.advance(TICK)
        world.tick()
    return name


def test_a_restore_that_a_site_makes_fail_is_a_finding_and_can_be_kept() -> None:
    world = World(policy=KEEPING)
    name = _stuck(world, "wordpress: the restore fails: emptying /tmp")

    (held,) = world.list_pods("QUARANTINED")
    assert held.pod_name == name
    assert held.evidence
    assert held.evidence.findings == ("wordpress: the restore fails: emptying /tmp",)
    pool = world.pools.get("default")
    assert pool
    assert "reset_failed" not in pool.measured


def test_a_reset_that_takes_too_long_is_told_with_what_the_agents_were_at() -> None:
    world = World(policy=KEEPING)
    told: list[str] = []
    remember = world.delete.condemn

    def condemn(pod: Pod, code: str, detail: str) -> None:
        told.append(f"{code}: {detail}")
        remember(pod, code, detail)

    object.__setattr__(world.settle, "delete", SimpleNamespace(condemn=condemn))
    name = _stuck(world)

    assert name not in world.tables.pods
    assert told == ["not_settled: RESETTING took too long, the last seen: wordpress failed, mysql serving"]


def test_a_pod_whose_site_called_somebody_is_replaced_without_suspicion() -> None:
    world = World(policy=KEEPING)
    world.warm_up("alice")
    name = world.pod_of(world.ask("alice")).pod_name
    world.settle_down()
    verify = world.cluster.verify

    def called(ref: PodRef) -> Verdict:
        checks = {"wordpress.files": {"ok": True}, "wordpress.peers": {"ok": False}}
        found = Verdict(True, ok=False, generation=ref.generation, checks=checks, findings=("a host",))
        return found if ref.pod_name == name else verify(ref)

    world.cluster.verify = called  # type: ignore[method-assign]
    world.release_clone("alice")
    world.settle_down()

    assert name not in world.tables.pods
    assert not any(pod.state is PodState.QUARANTINED for pod in world.tables.pods.values())


def test_quarantine_does_not_eat_the_cluster() -> None:
    world = World(policy=KEEPING)
    world.warm_up("alice", "bob")
    first, second = _suspect(world, "alice"), _suspect(world, "bob")

    assert [pod.pod_name for pod in world.list_pods("QUARANTINED")] == [first]
    assert second not in world.cluster.objects


def test_only_quarantined_pods_are_let_go_by_hand(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    with pytest.raises(NotQuarantined):
        world.release_pod(clone.pod_name or "")


def test_a_pod_that_vanishes_on_its_way_into_quarantine_is_buried() -> None:
    world = World(policy=KEEPING)
    world.warm_up("alice")

    def vanish(call: str) -> None:
        if call == "label" and any(p.state is PodState.QUARANTINED for p in world.tables.pods.values()):
            world.cluster.objects.clear()

    world.cluster.script.before = vanish
    name = _suspect(world, "alice")
    assert name not in world.tables.pods


def test_a_lease_that_failed_in_the_pod_is_remembered() -> None:
    world = World(policy=replace(REUSING, max_warm=1, max_pods=1))
    world.warm_up("alice")
    for expected in (1, None):
        world.cluster.script.imports["alice"] = [
            ImportEvent(Progress("database"), "failed", failure_code="database_error")
        ]
        clone = world.ask("alice")
        world.settle_down()
        row = world.tables.pods.get(clone.pod_name or "")
        assert (row.failures if row else None) == expected


def test_measured_times_stand_in_the_pool(world: World) -> None:
    world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    world.settle_down()
    pool = world.pools.get("default")
    assert pool
    assert {kind: len(kept) for kind, kept in pool.measured.items()} == {"create": 2, "reset": 1}


def test_an_expired_clone_whose_records_are_lost_is_gone_with_the_next_tick(world: World) -> None:
    clone = world.ask("alice", ttl_minutes=1)
    world.settle_down()
    row = world.row("alice")
    assert row
    world.clock.advance(row.expires_at - world.clock.now() + 1)
    world.tables.events.clear()
    world.tick()
    assert world.cluster.page_of("alice") is None
    assert world.pod_of(clone).generation == 2
