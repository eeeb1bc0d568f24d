"""A pool with a warm pod for each of two customers."""

from __future__ import annotations

import pytest

from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    made = World()
    made.warm_up("alice", "bob")
    return made
