"""Clones and the transactions that bind them to pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone, Lease, Progress
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Evidence, Failure, Pod, Proof


class Leases(Protocol):
    """Clones and the transactions that bind them to pods. The heart of the system."""

    def claim(self, pod: Pod, clone: Clone, now: int) -> None:
        """Bind a new `clone` (IMPORTING) to `pod` in one atomic step, or change nothing.

        One transaction: source registered; clone absent; pod WARM, proven, with generation and template as
        read -> ASSIGNED with deadline; lease row written.

        Raises:
            SourceNotRegistered: the customer has no source.
            CloneExists: a clone row with this id exists, live or not; carries it.
            PodTaken: the pod is not as read, or a transaction conflict on it.
            StoreBusy: conflict elsewhere or throttling; nothing changed.
        """

    def queue(self, clone: Clone) -> None:
        """Put a QUEUED clone if absent, and into the history. Raises SourceNotRegistered, CloneExists."""

    def bind(self, pod: Pod, clone: Clone, now: int) -> Clone:
        """Bind a QUEUED clone to a pod that is WARM, or proven and settling (CREATING, RESETTING).

        One transaction. A settling `pod` carries the fresh proof, stored in the same step. Returns the clone,
        IMPORTING.

        Raises:
            PodTaken: the pod row is not as read.
            StaleRow: the clone is gone, expired, or no longer this QUEUED lease.
        """

    def get(self, clone_id: str) -> Clone | None:
        """Strongly consistent read, expired rows included: callers ask `live` or `expired`."""

    def of_customer(
        self, customer_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Clone], str | None]:
        """The customer's rows, newest first, and the cursor of the next page."""

    def count_live(self, customer_id: str, now: int) -> int:
        """How many live clones the customer has."""

    def queued(self, pool: str, now: int, limit: int = 25) -> list[Clone]:
        """Live QUEUED clones, oldest first."""

    def expired(self, now: int, limit: int = 100) -> list[Clone]:
        """Rows past `expires_at` that TTL has not removed yet."""

    def progress(self, clone: Clone, progress: Progress, deadline_at: int) -> None:
        """Store progress of this lease's import and move the pod's deadline, or raise StaleRow.

        For a clone that is IMPORTING, or READY while files follow; `clone.state` says which.
        """

    def ready(
        self, clone: Clone, *, now: int, expires_at: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        """IMPORTING -> READY and its pod ASSIGNED -> READY in one transaction. Raises StaleRow."""

    def complete(
        self, clone: Clone, *, now: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        """Store how the import of a READY clone ended, and set the pod's usual deadline. Raises StaleRow."""

    def fail(self, clone: Clone, failure: Failure) -> None:
        """This lease, still in the state as read -> FAILED (the record of it returns the pod).

        From QUEUED and IMPORTING by a worker, from READY by the keeper when the pod is lost. Raises StaleRow.
        """

    def extend(self, clone: Clone, expires_at: int, now: int) -> Clone:
        """Move `expires_at` of this still live lease forward, never back. Raises StaleRow."""

    def remove(self, clone: Clone) -> bool:
        """Delete the row of this lease, with `expires_at` as read; False if there is no such row.

        The record of it returns the pod. A lease that was extended meanwhile is not swept by a stale read.
        """

    def last_lease(self, clone_id: str) -> Lease | None:
        """The newest lease of this clone id, from the history (index read, may be stale)."""

    def lease_of(self, clone: Clone) -> Lease | None:
        """The history of this clone's pod and generation, strongly consistent; None while it has no pod."""

    def end_lease(
        self,
        pod_name: str,
        generation: int,
        *,
        now: int,
        result: str,
        proof: Proof | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """Complete the history of one generation: how it ended, and what its pod was found to be after it.

        `proof` is of the generation that followed; `evidence` is why there is none. Repeating is harmless.
        """

    def keep_outbound(self, pod_name: str, generation: int, outbound: Outbound) -> None:
        """Store the ledger with the lease, in place of an earlier one. No lease, no effect."""
