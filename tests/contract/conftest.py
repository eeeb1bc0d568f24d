"""Every store suite runs twice: on the fakes, and on DynamoDB Local with the template's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.dynamodb import connect
from tests.contract.shop import Shop
from tests.fakes.leases import FakeLeases
from tests.fakes.stores import FakePods, FakePools, FakeSources
from tests.fakes.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.adapters.dynamodb import TableNames


@pytest.fixture(params=["fake", pytest.param("dynamodb", marks=pytest.mark.dynamodb)])
def shop(request: pytest.FixtureRequest) -> Shop:
    if request.param == "fake":
        tables = Tables()
        return Shop(FakeLeases(tables), FakePods(tables), FakePools(tables), FakeSources(tables))
    fresh_tables: Callable[[], TableNames] = request.getfixturevalue("fresh_tables")
    stores = connect(fresh_tables(), endpoint=request.getfixturevalue("dynamodb_url"))
    return Shop(stores.leases, stores.pods, stores.pools, stores.sources)
