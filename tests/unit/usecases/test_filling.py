"""Usable before complete: a clone is READY while files follow, and somebody follows them to their end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.clones import Backfill, CloneState, Progress
from clonepool.domain.observed import ImportEvent
from clonepool.domain.pods import PodState
from clonepool.domain.transitions import SILENCE_SECONDS
from clonepool.errors import ClusterUnavailable
from tests.fakes.records import Prepare

if TYPE_CHECKING:
    from tests.fakes.world import World

TICK = 61
USABLE = ImportEvent(
    Progress("uploads", 100, 900, 900, usable=True, backfill=Backfill(5, 50, 1000, 1, 20)),
    timings_ms={"database": 800, "usable": 1500},
    fidelity={"tables": 12, "files": 3, "complete": False},
)
FURTHER = ImportEvent(replace(USABLE.progress, backfill=Backfill(60, 600, 1000, 12, 20)))
COMPLETE = ImportEvent(
    Progress("done", 100, 900, 900, usable=True, backfill=Backfill(100, 1000, 1000, 20, 20)),
    "ok",
    timings_ms={"database": 800, "usable": 1500, "uploads": 4000, "total": 5500},
    fidelity={"files": 23, "complete": True},
)
GIVEN_UP = replace(COMPLETE, fidelity={"complete": False, "incomplete": {"code": "source_unreachable"}})


@pytest.fixture
def filling(world: World) -> World:
    """Alice's clone is READY; the worker that made it so died, and files follow."""
    world.cluster.script.imports["alice"] = [USABLE]
    clone = world.ask("alice")
    store = world.leases.ready

    def then_die(*args: object, **more: object) -> object:
        stored = store(*args, **more)  # type: ignore[arg-type]
        world.cluster.script.down = -1
        return stored

    world.leases.ready = then_die
    with pytest.raises(ClusterUnavailable):
        world.deliver(Prepare("alice", clone.lease_id))
    world.leases.ready = store
    world.cluster.script.down = 0
    world.tables.events.clear()
    return world


def test_a_clone_is_ready_when_it_is_usable_and_says_what_follows(filling: World) -> None:
    row = filling.get_clone("alice")

    assert row.state is CloneState.READY
    assert row.filling
    assert row.progress.backfill == Backfill(5, 50, 1000, 1, 20)
    assert row.fidelity["complete"] is False
    assert row.timings_ms["usable"] == 1500


def test_the_worker_itself_goes_on_to_the_end(world: World) -> None:
    world.cluster.script.imports["alice"] = [USABLE, FURTHER, COMPLETE]
    world.ask("alice")
    world.settle_down()

    row = world.get_clone("alice")
    assert not row.filling
    assert row.fidelity == {"tables": 12, "files": 23, "complete": True}
    assert row.timings_ms == {**COMPLETE.timings_ms, "serve": row.timings_ms["serve"]}
    assert row.progress.phase == "done"
    assert row.progress.backfill == Backfill(100, 1000, 1000, 20, 20)
    assert [job.backfill for job in world.cluster.jobs] == [False, True]
    assert "total" not in world.tables.sources["alice"].last_durations_ms  # an ETA is until it is usable


def test_when_nobody_follows_the_keeper_does(filling: World) -> None:
    filling.cluster.script.imports["alice"] = [USABLE, FURTHER, COMPLETE]
    filling.clock.advance(SILENCE_SECONDS + 1)
    filling.tick()

    row = filling.get_clone("alice")
    assert row.fidelity["complete"] is True
    assert row.fidelity["tables"] == 12
    assert filling.cluster.jobs[-1].backfill
    deadline_at = filling.pod_of(row).deadline_at
    assert deadline_at
    assert deadline_at > filling.clock.now() + SILENCE_SECONDS


def test_what_is_followed_is_not_followed_twice(filling: World) -> None:
    commands = len(filling.cluster.jobs)
    filling.clock.advance(SILENCE_SECONDS // 2)
    filling.tick()

    assert len(filling.cluster.jobs) == commands


def test_files_that_never_come_leave_a_ready_clone_that_says_so(filling: World) -> None:
    filling.cluster.script.imports["alice"] = [FURTHER, GIVEN_UP]
    filling.clock.advance(SILENCE_SECONDS + 1)
    filling.tick()

    row = filling.get_clone("alice")
    assert row.state is CloneState.READY
    assert not row.filling
    assert (row.fidelity["complete"], row.fidelity["incomplete"]) == (False, {"code": "source_unreachable"})


def test_an_agent_that_dies_of_it_fails_no_ready_clone(filling: World) -> None:
    failed = ImportEvent(FURTHER.progress, "failed", failure_code="internal", detail="It fell over.")
    filling.cluster.script.imports["alice"] = [failed]
    filling.clock.advance(SILENCE_SECONDS + 1)
    filling.tick()

    row = filling.get_clone("alice")
    assert row.state is CloneState.READY
    assert row.fidelity["incomplete"] == {"code": "internal", "detail": "It fell over."}


def test_a_source_that_is_taken_away_meanwhile_fails_no_ready_clone(filling: World) -> None:
    filling.secrets.keys.clear()
    filling.clock.advance(SILENCE_SECONDS + 1)
    filling.tick()

    row = filling.get_clone("alice")
    assert row.state is CloneState.READY
    assert row.fidelity["incomplete"]["code"] == "source_refused"


def test_a_release_ends_what_follows(filling: World) -> None:
    clone = filling.row("alice")
    assert clone
    pod = filling.pod_of(clone)
    filling.release_clone("alice")
    filling.settle_down()

    assert filling.pod_of(clone).state is PodState.WARM
    assert filling.cluster.objects[pod.pod_name].site is None
    commands = len(filling.cluster.jobs)
    filling.clock.advance(TICK)
    filling.tick()
    assert len(filling.cluster.jobs) == commands


def test_an_expired_clone_is_not_followed(filling: World) -> None:
    row = filling.row("alice")
    assert row
    commands = len(filling.cluster.jobs)
    filling.clock.advance(row.expires_at - filling.clock.now())
    filling.tick()
    filling.settle_down()

    assert len(filling.cluster.jobs) == commands
    assert filling.row("alice") is None
