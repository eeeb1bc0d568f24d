"""The terms of a lease: how long it runs, and when somebody has to look at its pod.

Time to live runs from the moment the clone is usable (design invariant 8): at the claim the row gets an
allowance for the import on top, and at READY `expires_at` is set anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import DONE, Access, Clone, CloneState, OnEmpty, Progress, Start
from clonepool.domain.eta import at_claim
from clonepool.domain.hosts import check_hosts
from clonepool.domain.names import check_ttl, clone_id_of
from clonepool.domain.transitions import SILENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import PoolPolicy

MAX_LIFETIME_SECONDS = 24 * 3600
"""No clone outlives its creation by more than this, however often it is extended."""

SERVING_GRACE_SECONDS = 1
"""A served pod is looked at this long after its clone's expiry: by the same tick that sweeps the clone, so
that the pod comes back within 75 s (a minute and the tick's own work) though every record of it is lost."""

LOOK_SECONDS = 60
"""How often the keeper makes sure that a served pod still has its clone, should a record have been lost, and
fetches its outbound ledger."""


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """What a customer asks for. Build it with `CloneRequest.of`, which checks."""

    customer_id: str
    ttl_minutes: int = 30
    name: str | None = None
    on_empty: OnEmpty = "provision"
    access: Access = "private"
    allow_hosts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        customer_id: str,
        *,
        ttl_minutes: int = 30,
        name: str | None = None,
        on_empty: OnEmpty = "provision",
        access: Access = "private",
        allow_hosts: Sequence[str] = (),
    ) -> CloneRequest:
        """Check names, time and hosts. Raises InvalidName, InvalidTtl, InvalidHosts."""
        clone_id_of(customer_id, name)
        ttl_minutes = check_ttl(ttl_minutes)
        return cls(customer_id, ttl_minutes, name, on_empty, access, check_hosts(allow_hosts))

    @property
    def clone_id(self) -> str:
        """The id of the clone that this request is about."""
        return clone_id_of(self.customer_id, self.name)


def queued_clone(
    request: CloneRequest, lease_id: str, pool: str, policy: PoolPolicy, reason: str, now: int
) -> Clone:
    """A clone that waits for a pod; the allowance covers the wait for one as well."""
    start = Start("cold", reason)
    return _clone(request, lease_id, pool, start, policy.create_seconds + policy.import_seconds, now)


def leasing_clone(request: CloneRequest, lease_id: str, pod: Pod, policy: PoolPolicy, now: int) -> Clone:
    """A clone that takes `pod` at once."""
    clone = _clone(request, lease_id, pod.pool, Start("warm"), policy.import_seconds, now)
    return importing(clone, pod)


def importing(clone: Clone, pod: Pod) -> Clone:
    """`clone` bound to `pod` as it is now."""
    return replace(
        clone,
        state=CloneState.IMPORTING,
        pod_name=pod.pod_name,
        generation=pod.generation,
        progress=Progress(phase="claimed"),
    )


def served(
    clone: Clone, *, now: int, expires_at: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
) -> Clone:
    """`clone` as it is once READY; its progress says whether files still follow."""
    progress = replace(clone.progress, percent=100)
    if not progress.following:
        progress = completed(progress)
    return replace(
        clone,
        state=CloneState.READY,
        ready_at=now,
        expires_at=expires_at,
        eta_seconds=None,
        progress=progress,
        timings_ms=timings_ms,
        fidelity=fidelity,
    )


def completed(progress: Progress) -> Progress:
    """`progress` of an import that has ended."""
    return replace(progress, phase=DONE, usable=True, percent=100, eta_seconds=0)


def next_look_at(clone: Clone, now: int) -> int:
    """The deadline of a pod whose clone is READY: soon while files follow, and somebody follows them."""
    at = look_again_at(clone.expires_at, now)
    return min(at, now + SILENCE_SECONDS) if clone.filling else at


def serving_until(clone: Clone, now: int) -> int:
    """`expires_at` of a clone that becomes READY now."""
    return min(now + clone.ttl_minutes * 60, clone.max_expires_at)


def look_again_at(expires_at: int, now: int) -> int:
    """The deadline of a pod that serves a clone."""
    return min(expires_at + SERVING_GRACE_SECONDS, now + LOOK_SECONDS)


def extended_until(clone: Clone, ttl_minutes: int, now: int) -> int:
    """`expires_at` so that at least `ttl_minutes` are left, never earlier than it was, never past the end.

    Counted from now and not from the old expiry, so that a repeated call changes nothing.
    """
    return min(max(clone.expires_at, now + ttl_minutes * 60), clone.max_expires_at)


def _clone(
    request: CloneRequest, lease_id: str, pool: str, start: Start, allowance_seconds: int, now: int
) -> Clone:
    max_expires_at = now + MAX_LIFETIME_SECONDS
    return Clone(
        clone_id=request.clone_id,
        customer_id=request.customer_id,
        lease_id=lease_id,
        state=CloneState.QUEUED,
        pool=pool,
        created_at=now,
        expires_at=min(now + request.ttl_minutes * 60 + allowance_seconds, max_expires_at),
        max_expires_at=max_expires_at,
        ttl_minutes=request.ttl_minutes,
        start=start,
        name=request.name,
        access=request.access,
        allow_hosts=request.allow_hosts,
        eta_seconds=at_claim(start.kind),
    )
