"""Between rows and values: the one place that knows how a value of the domain is stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clonepool.adapters.dynamodb.models import (
    EXPIRY_SHARD,
    CloneRow,
    LeaseRow,
    PodRow,
    PoolRow,
    SourceRow,
    warm_shard,
)
from clonepool.domain.clones import Backfill, Clone, CloneState, Lease, Progress, Source, Start
from clonepool.domain.outbound import Attempt, Outbound, Tally
from clonepool.domain.pods import Evidence, Failure, Pod, PodState, Proof
from clonepool.domain.pool import Decision, Pool, PoolPolicy, Sample

if TYPE_CHECKING:
    from clonepool.adapters.dynamodb.database import Models

LEASE_KEPT_SECONDS = 90 * 24 * 3600
WAITING = "queued:"
"""Before the id of a lease that has no pod yet: its key in the history. No pod's name holds a colon."""


def pod_row(models: Models, pod: Pod) -> PodRow:
    """Index keys follow the state: `warm_*` only while WARM."""
    warm = pod.state is PodState.WARM
    return models.pods(
        pod_name=pod.pod_name,
        pool=pod.pool,
        state=pod.state.value,
        generation=pod.generation,
        template_hash=pod.template_hash,
        created_at=pod.created_at,
        state_since=pod.state_since,
        pod_uid=pod.pod_uid,
        clone_id=pod.clone_id,
        lease_id=pod.lease_id,
        reuse_count=pod.reuse_count,
        deadline_at=pod.deadline_at,
        warm_shard=warm_shard(pod.pool, pod.warm_shard or 0) if warm else None,
        warm_since=pod.warm_since if warm else None,
        proof=asdict(pod.proof) if pod.proof else None,
        proof_generation=pod.proof.generation if pod.proof else None,
        last_failure=asdict(pod.last_failure) if pod.last_failure else None,
        failures=pod.failures,
        evidence=asdict(pod.evidence) if pod.evidence else None,
    )


def to_pod(row: PodRow) -> Pod:
    """The pod of a row, from the table or an index."""
    return Pod(
        pod_name=row.pod_name,
        pool=row.pool,
        state=PodState(row.state),
        generation=int(row.generation),
        template_hash=row.template_hash,
        created_at=int(row.created_at),
        state_since=int(row.state_since),
        pod_uid=row.pod_uid,
        clone_id=row.clone_id,
        lease_id=row.lease_id,
        reuse_count=int(row.reuse_count),
        deadline_at=_whole(row.deadline_at),
        warm_since=_whole(row.warm_since),
        warm_shard=int(row.warm_shard.rpartition("#")[2]) if row.warm_shard else None,
        proof=Proof(**row.proof) if row.proof else None,
        last_failure=Failure(**row.last_failure) if row.last_failure else None,
        failures=int(row.failures or 0),
        evidence=_evidence(row.evidence),
    )


def _evidence(stored: dict[str, Any] | None) -> Evidence | None:
    return Evidence(**{**stored, "findings": tuple(stored["findings"])}) if stored else None


def clone_row(models: Models, clone: Clone) -> CloneRow:
    """All keys of both indexes are always there: a row without one would escape its index."""
    return models.clones(
        clone_id=clone.clone_id,
        customer_id=clone.customer_id,
        lease_id=clone.lease_id,
        state=clone.state.value,
        pool=clone.pool,
        created_at=clone.created_at,
        expires_at=clone.expires_at,
        expiry_shard=EXPIRY_SHARD,
        max_expires_at=clone.max_expires_at,
        ttl_minutes=clone.ttl_minutes,
        start=asdict(clone.start),
        name=clone.name,
        access=clone.access,
        allow_hosts=list(clone.allow_hosts),
        pod_name=clone.pod_name,
        generation=clone.generation,
        ready_at=clone.ready_at,
        eta_seconds=clone.eta_seconds,
        progress=asdict(clone.progress),
        timings_ms=clone.timings_ms,
        fidelity=clone.fidelity,
        failure=asdict(clone.failure) if clone.failure else None,
    )


def to_clone(row: CloneRow) -> Clone:
    """The clone of a row."""
    return Clone(
        clone_id=row.clone_id,
        customer_id=row.customer_id,
        lease_id=row.lease_id,
        state=CloneState(row.state),
        pool=row.pool,
        created_at=int(row.created_at),
        expires_at=int(row.expires_at),
        max_expires_at=int(row.max_expires_at),
        ttl_minutes=int(row.ttl_minutes),
        start=Start(**row.start),
        name=row.name,
        access="public" if row.access == "public" else "private",
        allow_hosts=tuple(row.allow_hosts or ()),
        pod_name=row.pod_name,
        generation=_whole(row.generation),
        ready_at=_whole(row.ready_at),
        eta_seconds=_whole(row.eta_seconds),
        progress=to_progress(row.progress),
        timings_ms=row.timings_ms,
        fidelity=row.fidelity,
        failure=Failure(**row.failure) if row.failure else None,
    )


def to_progress(stored: dict[str, Any]) -> Progress:
    """Progress as `asdict` has stored it."""
    backfill = stored.get("backfill")
    return Progress(**{**stored, "backfill": Backfill(**backfill) if backfill else None})


def lease_row(models: Models, pod: Pod, clone: Clone, now: int) -> LeaseRow:
    """The history's row of a lease that begins now."""
    return _lease_row(models, pod.pod_name, pod.generation, clone, now)


def waiting_row(models: Models, clone: Clone) -> LeaseRow:
    """The history's row of a clone that waits for a pod: all that tells of it if it ends so."""
    return _lease_row(models, WAITING + clone.lease_id, 0, clone, clone.created_at)


def _lease_row(models: Models, pod_name: str, generation: int, clone: Clone, started_at: int) -> LeaseRow:
    return models.leases(
        pod_name=pod_name,
        generation=generation,
        clone_id=clone.clone_id,
        customer_id=clone.customer_id,
        lease_id=clone.lease_id,
        started_at=started_at,
        expires_at=started_at + LEASE_KEPT_SECONDS,
    )


def to_lease(row: LeaseRow) -> Lease:
    """A lease of the history."""
    waited = row.pod_name.startswith(WAITING)
    return Lease(
        pod_name=None if waited else row.pod_name,
        generation=None if waited else int(row.generation),
        clone_id=row.clone_id,
        customer_id=row.customer_id,
        lease_id=row.lease_id,
        started_at=int(row.started_at),
        ended_at=_whole(row.ended_at),
        result=row.result,
        proof=row.proof,
        evidence=row.evidence,
        outbound=_outbound(row.outbound) if row.outbound else None,
    )


def _outbound(stored: dict[str, Any]) -> Outbound:
    return Outbound(
        stored["as_of"],
        tuple(Attempt(**one) for one in stored["attempts"]),
        tuple(Tally(**one) for one in stored["tallies"]),
    )


def to_source(row: SourceRow) -> Source:
    """A registered source."""
    return Source(
        customer_id=row.customer_id,
        url=row.url,
        key_arn=row.key_arn,
        registered_at=int(row.registered_at),
        last_durations_ms=row.last_durations_ms or {},
        last_preflight=row.last_preflight or {},
    )


def to_pool(row: PoolRow) -> Pool:
    """The pool of a row. Settings that only a later version knows are ignored."""
    known = PoolPolicy.__dataclass_fields__
    return Pool(
        pool=row.pool,
        version=int(row.version),
        policy=PoolPolicy(**{name: value for name, value in row.policy.items() if name in known}),
        current_template=row.current_template,
        accepted_templates=tuple(row.accepted_templates),
        revoked_templates=tuple(row.revoked_templates or ()),
        decisions=tuple(Decision(**entry) for entry in row.decisions),
        counters=row.counters,
        measured={
            kind: tuple(Sample(*sample) for sample in kept) for kind, kept in (row.measured or {}).items()
        },
    )


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)
