"""A customer's source: checked, stored, and known from then on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clonepool.errors import InvalidKey, InvalidUrl
from tests.fakes.world import EXPORT_KEY, World


def test_a_source_is_checked_before_anything_is_stored(world: World) -> None:
    with pytest.raises(InvalidUrl):
        world.register_source("carol", "carol", EXPORT_KEY)
    with pytest.raises(InvalidKey):
        world.register_source("carol", "https://carol.test", "wrong")
    assert "carol" not in world.tables.sources
    assert not any(arn.endswith("carol") for arn in world.secrets.keys)

    source = world.register_source("carol", "https://carol.test/", EXPORT_KEY)
    assert source.url == "https://carol.test"
    assert EXPORT_KEY not in repr(world.tables.sources["carol"])


def test_a_source_registered_again_is_known_as_long_as_it_is_the_same_site(world: World) -> None:
    world.ask("alice")
    world.settle_down()
    before = world.tables.sources["alice"]
    assert before.last_durations_ms["database"] == 900
    assert before.last_preflight == {"tables": 12, "bytes": 0}

    world.clock.advance(5)
    again = world.register_source("alice", f"{before.url}/", EXPORT_KEY)
    assert again == replace(before, registered_at=before.registered_at + 5) == world.tables.sources["alice"]
    world.register_source("alice", "https://moved.test", EXPORT_KEY)
    moved = world.tables.sources["alice"]
    assert (moved.url, moved.last_durations_ms, moved.last_preflight) == ("https://moved.test", {}, {})
