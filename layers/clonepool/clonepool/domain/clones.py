"""The clone: one lease of one pod to one customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Failure


class CloneState(StrEnum):
    """`QUEUED` (no pod yet) `-> IMPORTING -> READY`, or `FAILED` with a code. Ends at expiry or release."""

    QUEUED = "QUEUED"
    IMPORTING = "IMPORTING"
    READY = "READY"
    FAILED = "FAILED"


DONE = "done"
"""The phase of an import that has ended."""

Access = Literal["private", "public"]
OnEmpty = Literal["provision", "reject"]


@dataclass(frozen=True, slots=True)
class Start:
    """How the clone got its pod: warm, or cold with the reason (`pool_empty`, `contention`)."""

    kind: Literal["warm", "cold"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far the files are that follow once the clone is usable."""

    percent: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    files_done: int = 0
    files_total: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """What the import has done. `percent` is 0 to 100; bytes are of the source's stream.

    Percent and bytes are of what makes the clone usable, rate and ETA of what runs at present.
    """

    phase: str = "queued"
    percent: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    bytes_per_second: int = 0
    eta_seconds: int | None = None
    usable: bool = False
    backfill: Backfill | None = None

    @property
    def following(self) -> bool:
        """Whether the clone is usable and files still follow."""
        return self.usable and self.phase != DONE


@dataclass(frozen=True, slots=True)
class Clone:
    """A row of the clones table. Times are epoch seconds in UTC.

    Attributes:
        lease_id: unique per row: tells this clone from an earlier or later one of the same id.
        expires_at: after this second the clone does not exist for any reader.
        ttl_minutes: how long the clone serves once READY.
        allow_hosts: whom the clone may call; nobody else.
        pod_name, generation: None exactly while QUEUED without a pod.
    """

    clone_id: str
    customer_id: str
    lease_id: str
    state: CloneState
    pool: str
    created_at: int
    expires_at: int
    max_expires_at: int
    ttl_minutes: int
    start: Start
    name: str | None = None
    access: Access = "private"
    allow_hosts: tuple[str, ...] = ()
    pod_name: str | None = None
    generation: int | None = None
    ready_at: int | None = None
    eta_seconds: int | None = None
    progress: Progress = field(default_factory=Progress)
    timings_ms: dict[str, int] = field(default_factory=dict)
    fidelity: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def filling(self) -> bool:
        """Whether it is served although files still follow; until they are there, somebody follows them."""
        return self.state is CloneState.READY and self.progress.following

    def live(self, now: int) -> bool:
        """Whether the clone exists for its customer: neither expired nor FAILED (design invariant 5)."""
        return self.expires_at > now and self.state is not CloneState.FAILED

    def expired(self, now: int) -> bool:
        """Whether no reader may see the clone any more, whatever TTL has done yet."""
        return self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of the leases table: who had which pod and generation, or waited for one; kept 90 days.

    Attributes:
        pod_name, generation: None of a lease that waited. Once it has a pod it has a row with these as well.
    """

    pod_name: str | None
    generation: int | None
    clone_id: str
    customer_id: str
    lease_id: str
    started_at: int
    ended_at: int | None = None
    result: str | None = None
    proof: dict[str, Any] | None = None
    evidence: dict[str, Any] | None = None
    outbound: Outbound | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A row of the sources table. The key itself lives in Secrets Manager only.

    Attributes:
        last_durations_ms: of the last import, by phase.
        last_preflight: what the site was then (`domain.fidelity.of_source`).
    """

    customer_id: str
    url: str
    key_arn: str
    registered_at: int
    last_durations_ms: dict[str, int] = field(default_factory=dict)
    last_preflight: dict[str, Any] = field(default_factory=dict)
