"""What a proof must hold: an agent that leaves a check out, by mistake or by force, has proven nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_BOTH = frozenset({"files", "scratch", "processes", "caches", "ipc", "keyrings", "mounts", "limits"})
REQUIRED: Mapping[str, frozenset[str]] = {
    "wordpress": _BOTH | {"page", "sockets", "peers"},
    "mysql": _BOTH
    | {"volume", "schemas", "accounts", "grants", "routines", "events", "triggers", "plugins"}
    | {"durability", "persisted", "old_password"},
}
"""By container, the checks of its agent."""

ORDINARY = frozenset({"wordpress.peers"})
"""Where a finding is no suspicion: a site has called whom its lease allows, and the kernel knows it."""


def missing(container: str, checks: Collection[str]) -> list[str]:
    """Required checks that this container's agent has not made."""
    return sorted(REQUIRED[container] - set(checks))


def suspicious(checks: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a pod that is not clean is worth a look. `checks` as in `Verdict`."""
    failed = {name for name, check in checks.items() if check.get("ok") is not True}
    return not failed or not failed <= ORDINARY
