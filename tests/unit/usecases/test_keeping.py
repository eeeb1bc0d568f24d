"""The keeper: what was lost, died or is in the way is found within a tick."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from clonepool.domain.lease import LOOK_SECONDS
from clonepool.domain.outbound import Attempt
from clonepool.domain.pods import PodState
from clonepool.errors import ClonepoolError, ClusterUnavailable, NotFound, StoreBusy
from tests.fakes.world import REUSING, World

if TYPE_CHECKING:
    from clonepool.usecases.take_over import TakeOver


TICK = 61


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

    assert world.cluster.page_of("alice") is None
    assert world.row("alice") is None


def test_the_keeper_fetches_the_ledger_of_served_clones_and_the_return_once_more(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    assert world.get_outbound("alice") is None
    attempts = world.cluster.attempts.setdefault(clone.pod_name or "", [])
    attempts.append(Attempt(1, "mail", "example.org", "wp_mail", "plugins/shop", "blocked"))
    world.clock.advance(LOOK_SECONDS)
    world.tick()
    shown = world.get_outbound("alice")
    assert shown
    assert (shown.as_of, shown.attempts) == (world.clock.now(), tuple(attempts))
    attempts.append(Attempt(2, "http", "pay.test", "POST", "plugins/shop", "blocked"))
    expected = tuple(attempts)
    world.release_clone("alice")
    world.settle_down()
    lease = world.leases.last_lease("alice")
    assert lease
    assert lease.outbound
    assert lease.outbound.attempts == expected
    world.ask("alice")
    assert world.get_outbound("alice") is None


def test_a_ledger_that_cannot_be_had_stops_nothing(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()

    def refuse(call: str) -> None:
        if call == "outbound":
            raise ClusterUnavailable("The pod does not answer.")

    world.cluster.script.before = refuse
    world.clock.advance(LOOK_SECONDS)
    assert world.tick().troubles == ()
    world.release_clone("alice")
    world.settle_down()
    assert world.pod_of(clone).state is PodState.WARM


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


def test_a_fault_with_one_pod_does_not_end_the_tick(world: World) -> None:
    def refuse(_: object) -> None:
        raise ClonepoolError("The database refused a call: ValidationException.")

    world.ask("alice")
    world.clock.advance(TICK)
    report = replace(world.keep, take_over=cast("TakeOver", refuse))()

    assert report.overdue == 1
    assert report.troubles == ("internal: The database refused a call: ValidationException.",)


def test_what_was_swept_comes_back_though_the_overdue_cannot_be_read(world: World) -> None:
    def busy(*_: object) -> None:
        raise StoreBusy("The database is busy; try again.")

    clone = world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.clock.advance(TICK)
    world.pods.due = busy

    report = world.tick()

    assert report.swept == 1
    assert report.troubles == ("store_busy: The database is busy; try again.",)
    assert world.pod_of(clone).state is PodState.WARM


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
    world.revoke_template("template-1")

    clone = world.ask("alice")
    assert clone.pod_name != old
    world.settle_down()
    world.tick()
    world.settle_down()
    assert old not in world.tables.pods


def test_a_revoked_current_template_leaves_the_former_to_serve_until_another_is_deployed() -> None:
    world = World(policy=replace(REUSING, min_warm=2))
    world.warm_up("alice", "bob")
    former = set(world.tables.pods)
    world.redeploy(template="template-2")
    world.tick()
    world.revoke_template("template-2")
    world.settle_down()
    world.tick()
    world.settle_down()

    assert set(world.tables.pods) == former
    assert world.ask("alice").pod_name in former
    assert "revoked" in world.tick().plan
    world.redeploy(template="template-3")
    for _ in range(3):
        world.tick()
        world.settle_down()
    free = [p for p in world.tables.pods.values() if p.state is PodState.WARM]
    assert {p.template_hash for p in free} == {"template-3"}


def test_only_a_known_template_is_revoked_and_it_is_noted_once(world: World) -> None:
    with pytest.raises(NotFound):
        world.revoke_template("template-9")
    for _ in range(2):
        world.revoke_template("template-1")

    pool = world.describe_pool().pool
    assert pool.revoked_templates == ("template-1",)
    assert sum("revoked by an operator" in decision.text for decision in pool.decisions) == 1


def test_pods_in_shards_serve_and_those_in_a_shard_too_many_are_replaced() -> None:
    policy = replace(REUSING, min_warm=6, max_warm=6, max_pods=14, max_live_clones_per_customer=9)
    world = World(policy=replace(policy, warm_shards=3))
    world.warm_up("alice")
    assert len({p.warm_shard for p in world.tables.pods.values()}) > 1
    for number in range(6):
        assert world.ask("alice", name=f"n{number}").start.kind == "warm"
    world.settle_down()

    world.redeploy(policy=policy)
    for _ in range(3):
        world.tick()
        world.settle_down()
    warm = [p for p in world.tables.pods.values() if p.state is PodState.WARM]
    assert [p.warm_shard for p in warm] == [0] * 6


def test_many_overdue_pods_are_worked_on_side_by_side() -> None:
    world = World(policy=replace(REUSING, min_warm=4, max_warm=4, max_pods=8))
    world.register("alice")
    world.keep = replace(world.keep, workers=8)
    world.tick()
    world.tables.events.clear()
    world.clock.advance(TICK)
    world.tick()

    assert world.states() == ["WARM"] * 4
