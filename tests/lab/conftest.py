"""The lab itself: started, broken and removed. These tests need it to themselves: `make test-lab`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lab.cluster import cgroups, network
from lab.lab import Lab
from lab.process import marked
from tests.lab.machine import Machine, run

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: `pytest -m lab`."""
    for item in items:
        if "tests/lab" in item.path.as_posix():
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this checkout, which is down."""
    lab = Lab.here()
    if os.geteuid() != 0 or lab.context:
        pytest.skip("needs root, and no KUBE_CONTEXT: it is about the lab's own cluster")
    owner = network.owner()
    if marked(lab.paths.home) or (owner is not None and marked(owner)):
        pytest.fail(f"a lab is up ({owner or lab.paths.home}): take it down first, these tests break it")
    return lab


@pytest.fixture(scope="session")
def before(lab: Lab) -> Iterator[Machine]:
    """The machine without a lab: what a dead one left is removed first, and whatever is left in the end."""
    run("down")
    yield Machine.now()
    if marked(lab.paths.home) or cgroups.processes():
        run("down")
