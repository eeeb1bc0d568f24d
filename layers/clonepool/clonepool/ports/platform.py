"""What the platform gives: time, keys, and room for long reports."""

from __future__ import annotations

from typing import Any, Protocol


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> int:
        """Epoch seconds, UTC."""

    def monotonic(self) -> float:
        """Seconds, for durations and deadlines only."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Secrets(Protocol):
    """Keys (Secrets Manager). None of them ever appears in a log, a table or an error.

    Any method may raise Unavailable.
    """

    def put_source_key(self, customer_id: str, key: str) -> str:
        """Store or replace; returns the ARN."""

    def get_source_key(self, key_arn: str) -> str:
        """Raises NotFound."""

    def lease_secret(self) -> str:
        """What the keys of all leases are derived from (`domain.leasekeys`)."""


class Reports(Protocol):
    """Reports that are too long for a row, by lease (design section 1)."""

    def put(self, lease_id: str, report: dict[str, Any]) -> None:
        """Store or replace. Raises Unavailable."""

    def get(self, lease_id: str) -> dict[str, Any] | None:
        """The report, or None if there is none. Raises Unavailable."""
