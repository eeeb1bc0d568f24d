"""From the request to the lease, and everything a customer can do with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clonepool.domain.clones import CloneState, Start
from clonepool.domain.lease import CloneRequest
from clonepool.domain.pods import PodState
from clonepool.errors import (
    CloneGone,
    CloneNotExtendable,
    NameTaken,
    NotFound,
    PoolEmpty,
    QuotaExceeded,
    SourceNotRegistered,
    StoreBusy,
    Unavailable,
)
from tests.fakes.faults import Mortality
from tests.fakes.world import POOL, REUSING, World


def test_a_warm_pod_is_claimed_at_once(world: World) -> None:
    admission = world.request_clone(CloneRequest.of("alice", ttl_minutes=5))

    assert admission.new
    assert admission.clone.state is CloneState.IMPORTING
    assert admission.clone.start == Start("warm")
    assert world.pod_of(admission.clone).state is PodState.ASSIGNED


def test_the_same_request_again_is_the_same_clone(world: World) -> None:
    first = world.ask("alice")

    again = world.request_clone(CloneRequest.of("alice"))

    assert not again.new
    assert again.clone == world.row("alice")
    assert again.clone.lease_id == first.lease_id


def test_an_empty_pool_queues_or_refuses_as_asked(world: World) -> None:
    world.ask("alice")

    queued = world.ask("bob")
    assert (queued.state, queued.start) == (CloneState.QUEUED, Start("cold", "pool_empty"))
    with pytest.raises(PoolEmpty) as refused:
        world.ask("bob", name="two", on_empty="reject")
    assert refused.value.retry_after_seconds


def test_who_has_the_last_pod_already_is_not_told_that_there_is_none(world: World) -> None:
    first = world.ask("alice", on_empty="reject")

    again = world.request_clone(CloneRequest.of("alice", on_empty="reject"))

    assert (again.new, again.clone) == (False, first)
    with pytest.raises(PoolEmpty):
        world.ask("bob", on_empty="reject")
    with pytest.raises(SourceNotRegistered):
        world.ask("carol", on_empty="reject")


def test_a_dead_clone_is_no_answer_where_no_pod_is_free(world: World) -> None:
    world.ask("alice", ttl_minutes=1, on_empty="reject")
    world.settle_down()
    world.ask("bob")
    world.clock.advance(61)

    with pytest.raises(PoolEmpty):
        world.ask("alice", on_empty="reject")


@pytest.mark.parametrize("by", ["release", "expiry", "ttl"])
def test_a_clone_that_ended_while_it_waited_is_gone_and_not_unknown(world: World, by: str) -> None:
    world.ask("alice")
    waiting = world.ask("bob", ttl_minutes=1)
    assert waiting.state is CloneState.QUEUED
    if by == "release":
        world.release_clone("bob")
    else:
        world.tables.events.clear()
        world.clock.advance(waiting.expires_at - world.clock.now())
        world.tick() if by == "expiry" else world.tables.delete_clone("bob")
    assert world.row("bob") is None

    with pytest.raises(CloneGone):
        world.get_clone("bob", "bob")
    with pytest.raises(NotFound):
        world.get_clone("bob", "alice")


def test_an_empty_pool_is_served_without_a_tick(world: World) -> None:
    world.ask("alice")
    world.ask("bob")

    world.settle_down()

    bob = world.row("bob")
    assert bob
    assert (bob.state, bob.start.kind) == (CloneState.READY, "cold")


def test_a_failed_clone_makes_way_and_returns_its_pod(world: World) -> None:
    world.web.broken.add("alice")
    failed = world.ask("alice")
    world.settle_down()
    row = world.row("alice")
    assert row
    assert row.failure
    assert row.failure.code == "not_served"
    world.web.broken.clear()

    again = world.ask("alice")
    world.settle_down()

    assert again.lease_id != failed.lease_id
    assert world.get_clone("alice").state is CloneState.READY


def test_an_expired_clone_makes_way_although_its_row_is_still_there(world: World) -> None:
    first = world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.clock.advance(61)

    with pytest.raises(CloneGone):
        world.get_clone("alice")
    second = world.ask("alice")
    world.settle_down()

    assert second.lease_id != first.lease_id
    assert world.get_clone("alice").state is CloneState.READY


def test_release_and_the_same_request_at_once(world: World) -> None:
    first = world.ask("alice")
    world.settle_down()

    world.release_clone("alice")
    second = world.ask("alice")
    world.settle_down()

    assert second.lease_id != first.lease_id
    assert world.cluster.page_of("alice") == "alice"
    assert world.row("alice") == world.get_clone("alice")


def test_the_same_request_and_then_the_release(world: World) -> None:
    world.ask("alice")
    world.ask("alice")
    world.release_clone("alice")
    world.settle_down()

    with pytest.raises(CloneGone):
        world.get_clone("alice")
    assert world.cluster.routes == {}


def test_a_release_while_importing_brings_the_pod_back(world: World) -> None:
    clone = world.ask("alice")
    events = list(world.tables.events)
    world.tables.events.clear()
    world.release_clone("alice")
    world.settle_down()
    for late in events:
        world.deliver(late)
    world.settle_down()

    assert world.row("alice") is None
    assert world.pod_of(clone).state is PodState.WARM
    assert world.pod_of(clone).generation == 2


def test_releasing_is_idempotent_and_touches_nobody_else(world: World) -> None:
    world.ask("alice")

    assert not world.release_clone("alice", "bob")
    assert world.row("alice")
    assert world.release_clone("alice", "alice")
    assert not world.release_clone("alice", "alice")


def test_customers_see_their_own_clones_only(world: World) -> None:
    world.ask("alice")

    with pytest.raises(NotFound):
        world.get_clone("alice", "bob")
    assert world.list_clones("bob") == ([], None)
    world.release_clone("alice")
    with pytest.raises(NotFound):
        world.get_clone("alice", "bob")
    with pytest.raises(CloneGone):
        world.get_clone("alice", "alice")
    with pytest.raises(NotFound):
        world.get_clone("nobody")


def test_expired_rows_are_listed_to_nobody(world: World) -> None:
    clone = world.ask("alice")
    world.clock.advance(clone.expires_at - world.clock.now())

    assert world.list_clones("alice") == ([], None)


def test_a_customer_has_so_many_clones_and_no_more(world: World) -> None:
    world.redeploy(policy=replace(REUSING, max_live_clones_per_customer=1))
    world.tick()
    world.ask("alice")

    with pytest.raises(QuotaExceeded):
        world.ask("alice", name="two")
    assert not world.request_clone(CloneRequest.of("alice")).new
    assert world.ask("bob")


def test_without_a_source_or_a_pool(world: World) -> None:
    with pytest.raises(SourceNotRegistered):
        world.ask("carol")
    world.ask("alice")
    with pytest.raises(SourceNotRegistered):
        world.ask("carol")
    with pytest.raises(Unavailable):
        World().ask("alice")


def test_a_name_that_another_customer_holds(world: World) -> None:
    """The rules of names exclude it; the claim refuses it all the same."""
    world.ask("alice")
    row = world.tables.clones["alice"]
    world.tables.clones["alice"] = replace(row, customer_id="bob")

    with pytest.raises(NameTaken):
        world.ask("alice")


def test_a_store_that_stays_busy_is_told() -> None:
    world = World()
    world.warm_up("alice")

    def busy(*_: object) -> None:
        raise StoreBusy("busy")

    world.leases.claim = busy  # type: ignore[method-assign]
    world.leases.queue = busy  # type: ignore[method-assign]
    with pytest.raises(StoreBusy):
        world.ask("alice")


def test_extending(world: World) -> None:
    world.ask("alice", ttl_minutes=10)
    with pytest.raises(CloneNotExtendable):
        world.extend_clone("alice", 20)
    world.settle_down()

    extended = world.extend_clone("alice", 20)
    assert extended.expires_at == world.clock.now() + 1200
    assert world.extend_clone("alice", 1440).expires_at == extended.max_expires_at
    with pytest.raises(CloneNotExtendable):
        world.extend_clone("alice", 1)
    with pytest.raises(NotFound):
        world.extend_clone("alice", 1, "bob")
    world.clock.advance(86400)
    with pytest.raises(CloneGone):
        world.extend_clone("alice", 1)


def test_the_pool_in_figures(world: World) -> None:
    world.ask("alice")
    world.ask("bob")
    world.settle_down()

    report = world.describe_pool()

    assert report.counts["READY"] == 2
    assert report.hit_rate == 0.5
    assert report.cold_starts == {"pool_empty": 1}
    assert report.pool.decisions[-1].text


def test_a_claim_that_died_after_its_transaction_is_found_by_the_next() -> None:
    mortality = Mortality()
    world = World(wrap=mortality.wrap)
    world.warm_up("alice")
    mortality.at, mortality.after = 3, True
    with pytest.raises(Exception, match="claim"):
        world.ask("alice")
    mortality.at = None

    assert not world.request_clone(CloneRequest.of("alice")).new
    assert world.tables.pools[POOL]
