"""Leases shorter than anybody can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation


def expire(system: Installation, clone: dict[str, Any], expires_at: int) -> None:
    """As it would be had it been asked for so: the clone's row, and its pod's deadline."""
    system.table("clones").update_item(
        Key={"clone_id": clone["clone_id"]},
        UpdateExpression="SET expires_at = :at",
        ExpressionAttributeValues={":at": expires_at},
    )
    system.table("pods").update_item(
        Key={"pod_name": clone["pod_name"]},
        UpdateExpression="SET deadline_at = :at",
        ExpressionAttributeValues={":at": expires_at + 1},
    )
