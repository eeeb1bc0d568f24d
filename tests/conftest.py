"""What several kinds of tests need: DynamoDB Local, with the tables of the template."""

from __future__ import annotations

import itertools
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.dynamodb import TableNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBERS = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: not item.path.match("property/test_pool_machine.py"))


@pytest.fixture(scope="session")
def dynamodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DynamoDB Local, in memory, on a port of its own."""
    from lab.aws import dynamodb

    if shutil.which("java") is None:
        pytest.fail("java is missing: run `make setup` or install Debian's default-jre-headless")
    service = dynamodb.start(_free_port(), log=tmp_path_factory.mktemp("dynamodb") / "log")
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ACCESS_KEY_ID", "lab")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "lab")
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    yield service.url
    patch.undo()
    service.stop()


@pytest.fixture
def fresh_tables(dynamodb_url: str) -> Callable[[], TableNames]:
    """Makes the template's five tables, empty, under names of their own."""
    from lab.aws import tables

    def make() -> TableNames:
        names = tables.create(dynamodb_url, stack=f"test{next(_NUMBERS)}")
        return TableNames(
            pods=names["PodsTable"],
            clones=names["ClonesTable"],
            sources=names["SourcesTable"],
            pools=names["PoolsTable"],
            leases=names["LeasesTable"],
        )

    return make


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
