"""Many at once on DynamoDB Local: nobody gets what another has, and nobody goes away with nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.dynamodb import Database, stores_on
from clonepool.domain.clones import CloneState
from clonepool.domain.lease import CloneRequest
from clonepool.domain.pods import PodState
from tests.contract.shop import POOL, Shop, requesting

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.adapters.dynamodb import TableNames
    from clonepool.usecases.request_clone import Admission

pytestmark = pytest.mark.dynamodb

PATIENCE_SECONDS = 60


def test_a_hundred_threads_claim_ten_warm_pods(
    fresh_tables: Callable[[], TableNames], dynamodb_url: str
) -> None:
    shop = _patient_shop(fresh_tables(), dynamodb_url)
    customers = [f"customer-{n}" for n in range(100)]
    shop.open(*customers)
    shop.warm_pods(10)

    admissions = _at_once(
        [lambda who=who: requesting(shop, PATIENCE_SECONDS)(CloneRequest.of(who)) for who in customers]
    )

    clones = [a.clone for a in admissions]
    assert all(a.new for a in admissions)
    assert sorted(c.customer_id for c in clones) == sorted(customers)
    bound = [c for c in clones if c.state is CloneState.IMPORTING]
    assert len(bound) == 10
    assert all(c.state is CloneState.QUEUED for c in clones if c not in bound)
    assert len({c.pod_name for c in bound}) == len(bound)
    for clone in clones:
        assert shop.leases.get(clone.clone_id) == clone
    taken = {p.clone_id: p.pod_name for p in shop.pods.of_pool(POOL) if p.state is PodState.ASSIGNED}
    assert taken == {c.clone_id: c.pod_name for c in bound}


def test_the_same_request_at_the_same_time_makes_one_clone(
    fresh_tables: Callable[[], TableNames], dynamodb_url: str
) -> None:
    shop = _patient_shop(fresh_tables(), dynamodb_url)
    shop.open("alice")
    shop.warm_pods(10)

    admissions = _at_once([lambda: requesting(shop, PATIENCE_SECONDS)(CloneRequest.of("alice"))] * 10)

    assert len({a.clone.lease_id for a in admissions}) == 1
    assert sum(a.new for a in admissions) == 1
    assert len(shop.pods.warm(POOL)) == 9


def _patient_shop(tables: TableNames, url: str) -> Shop:
    """DynamoDB Local takes writes one by one: many at once wait long on a machine that has other work."""
    stores = stores_on(Database.connect(tables, endpoint=url, read_seconds=PATIENCE_SECONDS))
    return Shop(stores.leases, stores.pods, stores.pools, stores.sources)


def _at_once(calls: list[Callable[[], Admission]]) -> list[Admission]:
    together = threading.Barrier(len(calls))

    def one(call: Callable[[], Admission]) -> Admission:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))
