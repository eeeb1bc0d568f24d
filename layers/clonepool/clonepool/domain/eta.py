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
    """Seconds until the clone is usable, from the phases of the last import of the same source."""
    if not last_durations_ms:
        return IMPORT_GUESS_SECONDS
    if "usable" in last_durations_ms:
        return max(1, round((last_durations_ms["usable"] + last_durations_ms.get("serve", 0)) / 1000))
    return max(1, round(sum(last_durations_ms.values()) / 1000))
