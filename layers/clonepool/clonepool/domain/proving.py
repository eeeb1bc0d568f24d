"""What a proof must hold: an agent that leaves a check out, by mistake or by force, has proven nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_BOTH = frozenset({"files", "scratch", "processes", "caches", "ipc", "keyrings", "mounts", "limits"})
REQUIRED: Mapping[str, frozenset[str]] = {
    "wordpress": _BOTH | {"page", "sockets"},
    "mysql": _BOTH
    | {"volume", "schemas", "accounts", "grants", "routines", "events", "triggers", "plugins"}
    | {"durability", "persisted", "old_password"},
}
"""By container, the checks of its agent."""


def missing(container: str, checks: Collection[str]) -> list[str]:
    """Required checks that this container's agent has not made."""
    return sorted(REQUIRED[container] - set(checks))
