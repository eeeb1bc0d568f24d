"""Workers and keepers: whatever dies, hangs or vanishes, somebody finishes the job and nobody is harmed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from clonepool.domain.clones import CloneState, Progress
from clonepool.domain.pods import PodState
from clonepool.errors import ClonepoolError, ClusterUnavailable, StaleObject
from clonepool.ports import ImportEvent
from tests.fakes.cluster import IMPORTED
from tests.fakes.faults import Died, Mortality
from tests.fakes.records import Prepare
from tests.fakes.world import REUSING, World

if TYPE_CHECKING:
    from clonepool.usecases.take_over import TakeOver

TICK = 61


@pytest.fixture
def world() -> World:
    made = World()
    made.warm_up("alice", "bob")
    return made


def test_ready_after_route_import_and_page(world: World) -> None:
    clone = world.ask("alice", ttl_minutes=10)
    world.clock.advance(5)
    world.settle_down()

    ready = world.get_clone("alice")
    pod = world.pod_of(clone)
    assert ready.state is CloneState.READY
    assert ready.expires_at == world.clock.now() + 600
    assert ready.timings_ms["database"] == 900
    assert ready.fidelity == {"tables": 12}
    assert pod.state is PodState.READY
    assert world.cluster.objects[pod.pod_name].status == "serving"
    assert world.cluster.routes == {"alice": (pod.pod_name, 1)}
    assert world.tables.sources["alice"].last_durations_ms["database"] == 900


def test_the_job_carries_a_key_of_its_own_and_shows_it_nowhere(world: World) -> None:
    world.ask("alice")
    world.settle_down()

    (job,) = world.cluster.jobs
    assert (job.clone_id, job.generation, job.key_id) == ("alice", 1, "0123456789abcdef")
    assert len(job.job_key) == 64
    assert job.job_key not in repr(job)
    assert (job.public_url, job.internal_host) == (
        "https://alice.clones.test",
        "alice.wordpress-staging.svc.cluster.local",
    )


def test_progress_is_stored_at_most_once_a_second(world: World) -> None:
    events = [ImportEvent(Progress("rows", percent)) for percent in range(100)]
    world.cluster.script.imports["alice"] = [*events, IMPORTED]
    stored: list[int] = []
    store = world.leases.progress

    def counting(clone: object, progress: Progress, deadline_at: int) -> None:
        stored.append(progress.percent)
        store(clone, progress, deadline_at)

    world.leases.progress = counting
    world.cluster.script.before = lambda name: world.clock.advance(0.1) if name == "run_import.line" else None
    world.ask("alice")
    world.settle_down()

    assert 9 <= len(stored) <= 13


def test_the_same_record_twice_makes_one_import(world: World) -> None:
    clone = world.ask("alice")
    event = Prepare("alice", clone.lease_id)
    world.deliver(event)
    ready = world.row("alice")
    world.deliver(event)

    assert world.row("alice") == ready
    assert len(world.cluster.jobs) == 1


@pytest.mark.parametrize("code", ["source_unreachable", "disk_full"])
def test_a_failed_import_says_why_and_returns_the_pod(world: World, code: str) -> None:
    failed = ImportEvent(Progress("preflight"), "failed", failure_code=code, detail="Because.")
    world.cluster.script.imports["alice"] = [failed]
    clone = world.ask("alice")
    world.settle_down()

    row = world.get_clone("alice")
    assert row.failure
    assert (row.state, row.failure.code, row.failure.detail) == (CloneState.FAILED, code, "Because.")
    assert world.pod_of(clone).state is PodState.WARM
    assert world.cluster.routes == {}


def test_a_source_that_was_taken_away_fails_the_import(world: World) -> None:
    world.ask("alice")
    world.secrets.keys.clear()
    world.settle_down()

    row = world.get_clone("alice")
    assert row.failure
    assert row.failure.code == "source_refused"


def test_a_broken_stream_is_followed_again(world: World) -> None:
    world.cluster.script.imports["alice"] = [ImportEvent(Progress("rows", 10))]
    clone = world.ask("alice")

    def end(name: str) -> None:
        if name == "progressed":
            world.cluster.script.imports["alice"] = [IMPORTED]

    store = world.leases.progress

    def note(*args: object) -> None:
        store(*args)
        end("progressed" if args[1].percent == 10 else "")  # type: ignore[attr-defined]

    world.leases.progress = note
    world.deliver(Prepare("alice", clone.lease_id))

    assert world.get_clone("alice").state is CloneState.READY


def test_an_import_that_never_ends_fails_in_time(world: World) -> None:
    world.cluster.script.imports["alice"] = [ImportEvent(Progress("rows", 10))]
    clone = world.ask("alice")
    with pytest.raises(ClusterUnavailable):
        world.deliver(Prepare("alice", clone.lease_id))
    world.deliver(Prepare("alice", clone.lease_id))

    row = world.row("alice")
    assert row
    assert row.failure
    assert row.failure.code == "timeout"


@pytest.mark.parametrize("call", range(14))
def test_a_worker_dies_at_any_call_and_the_keeper_finishes(call: int) -> None:
    mortality = Mortality()
    world = World(wrap=mortality.wrap)
    world.warm_up("alice")
    clone = world.ask("alice")
    world.tables.events.clear()
    mortality.at, mortality.after = call, True
    with pytest.raises(Died):
        world.deliver(Prepare("alice", clone.lease_id))
    mortality.at = None

    world.clock.advance(TICK)
    world.tick()

    assert world.get_clone("alice").state is CloneState.READY


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


def test_a_lost_record_is_made_good_by_the_tick(world: World) -> None:
    clone = world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.clock.advance(TICK + 40)
    world.tick()
    world.tables.events.clear()
    world.clock.advance(TICK)
    world.tick()

    assert world.pod_of(clone).state is PodState.WARM
    assert world.cluster.routes == {}


def test_nothing_answers_after_expiry_and_one_tick(world: World) -> None:
    world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.clock.advance(60)
    world.tick()
    world.settle_down()

    assert world.web.status("alice") != 200
    assert world.row("alice") is None


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


def test_a_lost_pod_fails_its_clone_within_a_tick(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    world.cluster.lose(clone.pod_name or "")
    world.tick()
    world.settle_down()

    row = world.get_clone("alice")
    assert row.failure
    assert row.failure.code == "pod_lost"
    assert clone.pod_name not in world.tables.pods
    assert world.ask("alice").lease_id != clone.lease_id


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_warm_pod_that_died_is_replaced(world: World, phase: str) -> None:
    (name,) = world.tables.pods
    world.cluster.objects[name].phase = phase
    world.tick()
    world.settle_down()

    assert name not in world.tables.pods
    assert world.states() == ["WARM"]


def test_strays_go_and_young_pods_are_left_alone(world: World) -> None:
    (name,) = world.tables.pods
    stray = world.cluster.objects[name]
    world.cluster.objects["wp-stray"] = replace(stray, name="wp-stray", uid="uid-stray")
    world.cluster.secrets["wp-only-secret"] = 3
    world.cluster.routes["ghost"] = (name, 1)
    world.clock.advance(10)
    world.keep.reconcile.strays()
    assert "wp-stray" in world.cluster.objects
    assert "wp-only-secret" not in world.cluster.secrets
    assert world.cluster.routes == {}

    world.clock.advance(600)
    world.keep.reconcile.strays()
    assert set(world.cluster.objects) == {name}


def test_a_label_that_failed_is_mended(world: World) -> None:
    (name,) = world.tables.pods
    world.cluster.objects[name].status = "resetting"
    world.tick()

    assert world.cluster.objects[name].status == "ready"


def test_claims_go_on_while_the_cluster_is_away_and_work_resumes(world: World) -> None:
    world.cluster.script.down = -1
    clone = world.ask("alice")
    assert clone.state is CloneState.IMPORTING
    with pytest.raises(ClusterUnavailable):
        world.deliver(Prepare("alice", clone.lease_id))
    report = world.tick()
    assert report.troubles
    world.cluster.script.down = 0
    world.deliver(Prepare("alice", clone.lease_id))

    assert world.get_clone("alice").state is CloneState.READY


def test_a_fault_with_one_pod_does_not_end_the_tick(world: World) -> None:
    def refuse(_: object) -> None:
        raise ClonepoolError("The database refused a call: ValidationException.")

    world.ask("alice")
    world.clock.advance(TICK)
    report = replace(world.keep, take_over=cast("TakeOver", refuse))()

    assert report.overdue == 1
    assert report.troubles == ("internal: The database refused a call: ValidationException.",)


def test_two_keepers_at_once_do_not_overshoot() -> None:
    world = World(policy=replace(REUSING, min_warm=2))
    world.register("alice")
    world.pools.ensure("default", world.policy, world.template)
    once = world.pods.of_pool
    raced: list[int] = []

    def slow(pool: str) -> list[object]:
        rows = once(pool)
        if not raced:
            raced.append(1)
            world.top_up()
        return list(rows)

    world.pods.of_pool = slow
    world.top_up()

    assert len(world.tables.pods) == 2


def test_a_late_worker_of_an_old_generation_is_refused_everywhere(world: World) -> None:
    old = world.ask("alice")
    world.settle_down()
    old_ref = world.pod_of(old).ref
    world.release_clone("alice")
    world.settle_down()
    world.redeploy(policy=replace(REUSING, min_warm=0, max_warm=0))
    new = world.ask("bob")
    world.settle_down()
    assert new.pod_name == old.pod_name
    before = replace(world.cluster.objects[old.pod_name or ""])

    with pytest.raises(StaleObject):
        world.cluster.label(old_ref, PodState.READY, "alice")
    with pytest.raises(StaleObject):
        world.cluster.route(old_ref, "alice")
    with pytest.raises(StaleObject):
        next(world.cluster.run_import(old_ref, world.cluster.jobs[0], 10))
    world.cluster.unroute(old_ref.pod_name, old_ref.generation)
    world.return_pod(old_ref.pod_name, old_ref.generation, old.lease_id)
    world.prepare("alice", old.lease_id)

    assert world.cluster.objects[old.pod_name or ""] == before
    assert world.get_clone("bob").state is CloneState.READY
    assert world.cluster.page_of("bob") == "bob"


def test_a_forged_record_does_not_end_a_live_lease(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()

    world.return_pod(clone.pod_name or "", 1, clone.lease_id)

    assert world.get_clone("alice").state is CloneState.READY


def test_a_rolled_template_replaces_warm_pods_and_keeps_the_pool_claimable(world: World) -> None:
    (old,) = world.tables.pods
    world.redeploy(template="template-2")
    world.tick()
    assert world.ask("alice").pod_name == old
    world.settle_down()
    for _ in range(3):
        world.tick()
        world.settle_down()

    free = [p for p in world.tables.pods.values() if p.state is PodState.WARM]
    assert {p.template_hash for p in free} == {"template-2"}


def test_a_revoked_template_is_never_handed_out(world: World) -> None:
    (old,) = world.tables.pods
    world.redeploy(template="template-2")
    world.tick()
    world.pools.revoke("default", "template-1")

    clone = world.ask("alice")
    assert clone.pod_name != old
    world.settle_down()
    world.tick()
    world.settle_down()
    assert old not in world.tables.pods


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


def test_many_overdue_pods_are_worked_on_side_by_side() -> None:
    world = World(policy=replace(REUSING, min_warm=4, max_warm=4, max_pods=8))
    world.register("alice")
    world.keep = replace(world.keep, workers=8)
    world.tick()
    world.tables.events.clear()
    world.clock.advance(TICK)
    world.tick()

    assert world.states() == ["WARM"] * 4
