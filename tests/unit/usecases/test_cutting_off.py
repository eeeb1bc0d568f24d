"""What is over answers no longer than until the next tick, whoever died, however much there is to clean."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.pods import PodState
from tests.fakes.faults import Died
from tests.fakes.world import REUSING, World

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = 60
MANY = 12


@contextmanager
def dying_at(world: World, step: str) -> Iterator[None]:
    """Who asks this of the cluster meanwhile dies there."""

    def die(call: str) -> None:
        if call == step:
            raise Died

    world.cluster.script.before = die
    with pytest.raises(Died):
        yield
    world.cluster.script.before = None


@pytest.mark.parametrize("step", ["close", "start_reset"])
def test_a_return_that_dies_after_its_row_leaves_the_old_site_routed_for_one_tick_only(
    world: World, step: str
) -> None:
    clone = world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    with dying_at(world, step):
        world.settle_down()
    assert world.pod_of(clone).state is PodState.RESETTING
    world.clock.advance(1)  # nobody takes the row over yet
    world.tick()

    assert world.cluster.routes == {}
    assert world.cluster.networks == {}
    assert world.cluster.objects[clone.pod_name or ""].status == "resetting"
    assert world.pod_of(clone).state is PodState.RESETTING


def test_a_close_that_died_between_label_and_route_is_finished(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    routes = dict(world.cluster.routes)
    world.release_clone("alice")
    with dying_at(world, "start_reset"):
        world.settle_down()
    world.cluster.routes.update(routes)
    world.tick()

    assert world.cluster.routes == {}
    assert world.pod_of(clone).state is PodState.RESETTING


def test_a_deletion_that_dies_after_its_row_is_closed_by_the_tick() -> None:
    world = World(policy=replace(REUSING, reuse="never"))
    world.warm_up("alice")
    clone = world.ask("alice")
    world.settle_down()
    world.release_clone("alice")
    with dying_at(world, "delete_pod"):
        world.settle_down()
    assert world.pod_of(clone).state is PodState.DELETING
    world.tick()

    assert world.cluster.routes == {}


def test_many_that_expire_together_are_all_closed_before_the_first_reset() -> None:
    world = World(policy=replace(REUSING, min_warm=MANY, max_warm=MANY, max_pods=2 * MANY))
    customers = [f"customer-{number}" for number in range(MANY)]
    world.warm_up(*customers)
    for customer in customers:
        world.ask(customer, ttl_minutes=1)
    world.settle_down()
    assert len(world.cluster.routes) == MANY
    world.tables.events.clear()
    world.clock.advance(10 * MINUTE)
    routed: list[int] = []

    def look(call: str) -> None:
        if call in {"start_reset", "create_pod", "verify"}:
            routed.append(len(world.cluster.routes))

    world.cluster.script.before = look
    world.tick()

    assert routed
    assert set(routed) == {0}


def test_an_expired_clone_whose_row_went_without_a_word_is_closed_before_anything_is_settled(
    world: World,
) -> None:
    """TTL has removed the row, its record was lost."""
    world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.clock.advance(10 * MINUTE)
    world.tables.delete_clone("alice")
    world.tables.events.clear()
    seen: list[bool] = []

    def look(call: str) -> None:
        if call == "start_reset":
            seen.append("alice" in world.cluster.routes)

    world.cluster.script.before = look
    world.tick()

    assert seen == [False]


def test_a_pod_that_was_bound_while_the_tick_looked_is_left_alone(world: World) -> None:
    """Rows are read first: what the cluster says later may be newer, so the row is asked again."""
    rows = world.pods.of_pool("default")
    clone = world.ask("alice")
    world.settle_down()
    seen = {pod.uid: pod for pod in world.cluster.pods()}

    assert rows[0].state is PodState.WARM
    assert list(world.keep.reconcile.cut_off.over(rows, seen, ())) == []
    assert world.cluster.page_of("alice") == clone.clone_id


def test_a_tick_that_dies_while_it_cuts_off_is_made_good_by_the_next(world: World) -> None:
    world.ask("alice", ttl_minutes=1)
    world.settle_down()
    world.tables.events.clear()
    world.clock.advance(10 * MINUTE)
    with dying_at(world, "close"):
        world.tick()
    world.tables.events.clear()
    assert world.cluster.routes
    world.tick()

    assert world.cluster.routes == {}
