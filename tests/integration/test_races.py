"""Records that come twice, late and side by side; workers that wake up after their lease is over."""

from __future__ import annotations

import itertools
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.handlers import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.story import Story

# What a worker calls on its way, in this order; it may stall before any of them.
WORKERS_CALLS = ("label", "route", "run_import", "run_import.line", "page")


@pytest.fixture
def leased(story: Story) -> Story:
    """A registered customer with a claimed clone; nobody works on it yet."""
    story.warm_up()
    story.http("put-source")
    story.claim()
    return story


def at_call(story: Story, call: str, then: Callable[[], None], *, number: int = 1) -> None:
    """Let `then` happen once, just before such a call (which one by `number`) reaches cluster or page."""
    world = story.functions.world
    page, calls = world.web.status, itertools.count(1)

    def before(name: str) -> None:
        if name == call and next(calls) == number:
            then()

    def status(clone_id: str, path: str = "/", access_token: str | None = None) -> int:
        before("page")
        return page(clone_id, path, access_token)

    world.cluster.script.before = before
    world.web.status = status  # type: ignore[method-assign]


def everything(story: Story) -> Any:
    """All that a worker could change: rows, labels, routes, imports."""
    stores, cluster = story.functions.stores, story.functions.world.cluster
    rows = sorted(stores.pods.of_pool("default"), key=lambda pod: pod.pod_name)
    return deepcopy((stores.leases.get("shop"), rows, cluster.objects, cluster.routes, cluster.started))


@pytest.mark.parametrize("call", WORKERS_CALLS)
def test_the_same_record_side_by_side_makes_one_import(leased: Story, call: str) -> None:
    at_call(leased, call, leased.prepare)

    leased.prepare()

    cluster = leased.functions.world.cluster
    assert cluster.started == [(leased.pod_name, 1)]
    assert leased.http("get-clone").body["state"] == "READY"
    assert leased.functions.world.cluster.page_of("shop") == "shop"


@pytest.mark.parametrize("call", WORKERS_CALLS)
def test_a_worker_that_stalled_until_its_pod_had_another_lease_changes_nothing(
    leased: Story, call: str
) -> None:
    """The hardest case: the same customer has the same name in the same pod again."""
    first = leased.pod_name
    seen = []

    def a_new_lease() -> None:
        assert leased.http("release-clone").status == 204
        leased.give_back()
        assert leased.claim().body["generation"] == 2
        assert leased.pod_name == first
        seen.append(everything(leased))

    at_call(leased, call, a_new_lease)
    leased.prepare()

    assert everything(leased) == seen[0]
    leased.prepare()
    assert leased.http("get-clone").body["state"] == "READY"
    assert leased.functions.world.cluster.routes == {"shop": (first, 2)}


def test_the_pod_comes_back_before_the_same_name_is_claimed_again(leased: Story) -> None:
    leased.prepare()
    leased.http("release-clone")
    removal = leased.removal()
    leased.give_back(removal)
    again = leased.claim().body
    assert (again["pod_name"], again["generation"]) == (leased.pod_name, 2)
    leased.prepare()
    ready = everything(leased)

    leased.give_back(removal)

    assert everything(leased) == ready
    assert leased.http("get-clone").body["state"] == "READY"


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_the_pod_comes_back_after_the_same_name_was_claimed_again(leased: Story, tries: int) -> None:
    """The new lease's worker waits for the route; however late the old pod is taken back, it goes on then."""
    first = leased.pod_name
    leased.prepare()
    leased.another_warm_pod()
    leased.http("release-clone")
    removal = leased.removal()
    again = leased.claim().body
    assert again["pod_name"] not in {first, None}
    at_call(leased, "route", lambda: leased.give_back(removal), number=tries)

    leased.prepare()
    leased.give_back(removal)

    assert leased.http("get-clone").body["state"] == "READY"
    assert leased.functions.world.cluster.routes == {"shop": (again["pod_name"], 1)}
    row = leased.functions.stores.pods.get(first)
    assert row is not None
    assert (row.state, row.generation, row.clone_id) == ("WARM", 2, None)


def test_progress_after_the_release_does_not_bring_the_row_back(leased: Story) -> None:
    at_call(leased, "run_import.line", lambda: leased.http("release-clone") and None)

    leased.prepare()

    assert leased.functions.stores.leases.get("shop") is None
    assert leased.http("get-clone").body["code"] == "clone_gone"
    leased.functions.invoke("pool_keeper", event("schedule"))
    assert leased.functions.stores.leases.get("shop") is None
