"""The functions on fakes, and the same functions on DynamoDB Local with the template's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.dynamodb import Database, stores_on
from clonepool.ports import Stores
from tests.fakes.world import World
from tests.integration.handlers import ENVIRONMENT, Functions
from tests.integration.roles import Guard
from tests.integration.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.adapters.dynamodb import TableNames


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template sets."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def functions(environment: None) -> Functions:
    """On fakes."""
    world = World()
    return Functions(world, Stores(world.leases, world.pods, world.pools, world.sources))


@pytest.fixture(params=["fakes", pytest.param("dynamodb", marks=pytest.mark.dynamodb)])
def functions_on_each(request: pytest.FixtureRequest, environment: None) -> Functions:
    """On fakes, then on DynamoDB Local, where each function may do what its role in the template says."""
    if request.param == "fakes":
        on_fakes: Functions = request.getfixturevalue("functions")
        return on_fakes
    fresh_tables: Callable[[], TableNames] = request.getfixturevalue("fresh_tables")
    database = Database.connect(fresh_tables(), endpoint=request.getfixturevalue("dynamodb_url"))
    guard = Guard()
    guard.watch(database.connection.client)
    return Functions(World(), stores_on(database), guard)


@pytest.fixture
def story(functions_on_each: Functions) -> Story:
    """A clone's life, on fakes and on DynamoDB Local."""
    return Story(functions_on_each)


@pytest.fixture
def warm(functions: Functions) -> Functions:
    """A warm pod, and a source for `shop`."""
    functions.world.warm_up("shop")
    return functions
