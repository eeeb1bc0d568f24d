"""How long until a clone is usable: a guess for people, never a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

IMPORT_GUESS_SECONDS = 10
"""A small to middling site, before anything is known about this one."""

COLD_GUESS_SECONDS = 20
"""A pod created, its image already on the node, and proven."""


def at_claim(kind: Literal["warm", "cold"], last_durations_ms: Mapping[str, int] | None = None) -> int:
    """Seconds until READY for a clone that starts now."""
    return (COLD_GUESS_SECONDS if kind == "cold" else 0) + of_import(last_durations_ms or {})


def of_import(last_durations_ms: Mapping[str, int]) -> int:
    """Seconds for a whole import, from the phases of the last one of the same source."""
    if not last_durations_ms:
        return IMPORT_GUESS_SECONDS
    return max(1, round(sum(last_durations_ms.values()) / 1000))
