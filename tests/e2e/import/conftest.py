"""Trials of the import (docs/protocol.md): odd sources, bad networks, sudden deaths, sources that lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import source_up
from tests.e2e.trials import exotic_source

if TYPE_CHECKING:
    from tests.e2e.conftest import Source


@pytest.fixture(scope="session", params=["mysql", "mariadb"])
def exotic(request: pytest.FixtureRequest, lab_env: dict[str, str]) -> Source:
    """A site with all that a database and a file system can hold, on either server; PHP is weak."""
    return exotic_source(f"e2e-exotic-{request.param}", request.param, "--weak")


@pytest.fixture(scope="session")
def weak_source(lab_env: dict[str, str]) -> Source:
    """50 MB of rows and 100 MB of files, on a slow host with 64 MB of memory and 5 s for each request."""
    return source_up("e2e-weak", "medium", "--weak", "--slow")
