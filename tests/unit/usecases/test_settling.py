"""The way to WARM, and every reason not to get there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.domain.clones import CloneState
from clonepool.domain.observed import Verdict
from clonepool.domain.pods import PodRef, PodState
from clonepool.domain.transitions import to_deleting
from clonepool.errors import PodTaken, StaleRow
from tests.fakes.records import Prepare, Wake
from tests.fakes.world import REUSING, World

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod


@pytest.fixture
def world() -> World:
    """A row is reserved, nothing of it exists yet."""
    made = World()
    made.register("alice", "bob")
    made.tick()
    return made


def only_pod(world: World) -> Pod:
    (pod,) = world.tables.pods.values()
    return pod


def settle(world: World) -> None:
    world.settle_down(limit=1)


def test_a_new_pod_is_created_proven_and_warm(world: World) -> None:
    world.cluster.script.settle_after = 3
    settle(world)

    pod = only_pod(world)
    assert pod.state is PodState.WARM
    assert pod.proof
    assert pod.proof.checks
    assert world.cluster.objects[pod.pod_name].status == "ready"


def test_a_slow_pod_keeps_its_deadline_ahead_and_is_nudged(world: World) -> None:
    world.cluster.script.settle_after = 400
    settle(world)

    pod = only_pod(world)
    assert pod.state is PodState.WARM
    assert world.cluster.objects[pod.pod_name].nudges


def test_a_verdict_about_another_generation_counts_for_nothing(world: World) -> None:
    name = only_pod(world).pod_name
    world.cluster.verify = lambda ref: Verdict(True, True, 9)  # type: ignore[method-assign]
    settle(world)

    assert name not in world.tables.pods


def test_a_pod_of_a_template_that_was_revoked_meanwhile(world: World) -> None:
    name = only_pod(world).pod_name
    world.redeploy(template="template-2")
    world.pools.ensure("default", world.policy, "template-2")
    world.revoke_template("template-1")
    settle(world)

    assert name not in world.tables.pods


def test_a_pod_that_vanishes_while_it_settles(world: World) -> None:
    name = only_pod(world).pod_name

    def vanish(call: str) -> None:
        if call == "verify":
            world.cluster.lose(name)

    world.cluster.script.before = vanish
    settle(world)

    assert name not in world.tables.pods


def test_what_was_created_after_its_row_had_gone_is_cleared_up(world: World) -> None:
    pod = only_pod(world)

    def forget(call: str) -> None:
        if call == "create_pod":
            world.tables.pods.pop(pod.pod_name, None)

    world.cluster.script.before = forget
    settle(world)

    assert world.cluster.objects == {}
    assert world.cluster.secrets == {}


def test_a_condemned_pod_whose_uid_was_never_stored_is_found(world: World) -> None:
    pod = only_pod(world)
    world.cluster.create_pod(pod)
    gone = world.rows.change(pod, to_deleting(pod, world.clock.now()))

    world.delete(gone)

    assert world.cluster.objects == {}
    assert world.tables.pods == {}


def test_deleting_gives_up_for_this_run_when_the_pod_stays(world: World) -> None:
    settle(world)
    pod = only_pod(world)
    gone = world.rows.change(pod, to_deleting(pod, world.clock.now()))
    world.cluster.delete_pod = lambda ref: None  # type: ignore[method-assign]

    world.delete(gone)

    assert only_pod(world).state is PodState.DELETING


def test_two_who_settle_the_same_pod_leave_it_warm_once(world: World) -> None:
    pod = only_pod(world)
    event = Wake(pod.pod_name, 1)
    world.deliver(event)
    world.tables.events.clear()
    world.deliver(event)

    with pytest.raises(StaleRow):
        world.settle(pod)
    assert only_pod(world).state is PodState.WARM


def test_who_queues_while_a_pod_becomes_warm_is_seated_at_once(world: World) -> None:
    change = world.pods.change

    def queue_first(pod: Pod, new: Pod) -> Pod:
        if new.state is PodState.WARM and world.row("alice") is None:
            world.ask("alice")
        return change(pod, new)

    world.pods.change = queue_first
    settle(world)

    alice = world.row("alice")
    assert alice
    assert alice.state is CloneState.IMPORTING


def test_a_warm_pod_that_was_claimed_at_once_is_labelled_as_what_it_is(world: World) -> None:
    label = world.cluster.label

    def claim_first(ref: PodRef, state: PodState, clone_id: str | None) -> None:
        if state is PodState.WARM and world.row("alice") is None:
            world.ask("alice")
        label(ref, state, clone_id)

    world.cluster.label = claim_first  # type: ignore[method-assign]
    settle(world)

    assert world.cluster.objects[only_pod(world).pod_name].status == "assigned"


def test_a_queued_clone_whose_pod_became_warm_unseen_finds_it(world: World) -> None:
    clone = world.ask("alice")
    assert clone.state is CloneState.QUEUED
    world.tables.events.remove(Prepare("alice", clone.lease_id))
    queued = world.leases.queued
    world.leases.queued = lambda *args, **more: []
    settle(world)
    world.leases.queued = queued
    assert only_pod(world).state is PodState.WARM

    world.prepare("alice", clone.lease_id)

    bound = world.row("alice")
    assert bound
    assert bound.state is CloneState.IMPORTING


def test_a_tick_seats_who_was_overlooked(world: World) -> None:
    world.ask("alice")
    queued = world.leases.queued
    world.leases.queued = lambda *args, **more: []
    world.settle_down()
    world.leases.queued = queued

    world.tick()
    world.settle_down()

    assert world.get_clone("alice").state is CloneState.READY


def test_who_left_the_queue_does_not_hold_up_the_next(world: World) -> None:
    world.ask("alice")
    world.clock.advance(1)
    world.ask("bob")
    world.tables.events[:] = world.tables.events[:1]
    bind = world.leases.bind

    def leave(pod: Pod, clone: Any, now: int) -> Any:
        if clone.clone_id == "alice":
            world.release_clone("alice")
        return bind(pod, clone, now)

    world.leases.bind = leave
    settle(world)

    bob = world.row("bob")
    assert bob
    assert bob.state is CloneState.IMPORTING


def test_a_queued_clone_tries_the_next_pod_when_one_is_taken(world: World) -> None:
    world.redeploy(policy=replace(REUSING, min_warm=2))
    clone = world.ask("alice")
    world.tables.events.clear()
    queued = world.leases.queued
    world.leases.queued = lambda *args, **more: []
    world.tick()
    for pod in list(world.tables.pods):
        world.wake(pod, 1)
    world.leases.queued = queued
    bind = world.leases.bind
    refused: list[str] = []

    def refuse_once(pod: Pod, wanted: Any, now: int) -> Any:
        if not refused:
            refused.append(pod.pod_name)
            raise PodTaken(pod.pod_name)
        return bind(pod, wanted, now)

    world.leases.bind = refuse_once
    world.prepare("alice", clone.lease_id)

    bound = world.row("alice")
    assert bound
    assert bound.pod_name not in (None, refused[0])


def test_a_lease_on_a_vanished_pod_without_a_clone_ends_too(world: World) -> None:
    settle(world)
    clone = world.ask("alice")
    world.tables.clones.clear()
    world.cluster.lose(clone.pod_name or "")

    world.tick()

    assert clone.pod_name not in world.tables.pods
