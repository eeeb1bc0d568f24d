"""The next row of a pod, for each step of its life. Pure; storing it is what entitles to touch the cluster.

Deadlines say when the keeper looks at a pod, not when it gives up: a worker that is alive moves them on.
How long a state may last is counted from `state_since`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from clonepool.domain.pods import Evidence, Failure, Pod, PodState, Proof
from clonepool.errors import PodTaken

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pool import PoolPolicy

SILENCE_SECONDS = 30
"""A worker that has not moved a deadline for this long is taken for dead; live ones move it far earlier."""


def new_pod(pod_name: str, pool: str, template_hash: str, now: int) -> Pod:
    """The row that is reserved before anything exists in the cluster."""
    return Pod(
        pod_name=pod_name,
        pool=pool,
        state=PodState.CREATING,
        generation=1,
        template_hash=template_hash,
        created_at=now,
        state_since=now,
        deadline_at=now + SILENCE_SECONDS,
    )


def to_warm(pod: Pod, proof: Proof, now: int, shards: int = 1) -> Pod:
    """Proven and free, in one of so many shards."""
    return replace(
        pod,
        state=PodState.WARM,
        state_since=now,
        warm_since=now,
        warm_shard=crc32(f"{pod.pod_name}.{pod.generation}".encode()) % shards,
        deadline_at=None,
        proof=proof,
        last_failure=None,
    )


def to_assigned(pod: Pod, clone: Clone, now: int) -> Pod:
    """Leased; the record of it wakes a worker, which has until the deadline to show itself.

    Raises:
        PodTaken: its present generation is not proven, whatever state it is in.
    """
    if not pod.proven:
        raise PodTaken(f"{pod.pod_name} is not proven in generation {pod.generation}")
    return replace(
        pod,
        state=PodState.ASSIGNED,
        state_since=now,
        clone_id=clone.clone_id,
        lease_id=clone.lease_id,
        warm_since=None,
        warm_shard=None,
        deadline_at=now + SILENCE_SECONDS,
    )


def to_resetting(pod: Pod, now: int, failures: int = 0) -> Pod:
    """The next generation, unproven until verified; the old lease is over with this row."""
    return replace(
        pod,
        state=PodState.RESETTING,
        state_since=now,
        generation=pod.generation + 1,
        reuse_count=pod.reuse_count + 1,
        clone_id=None,
        lease_id=None,
        deadline_at=now + SILENCE_SECONDS,
        proof=None,
        failures=failures,
    )


def to_quarantined(pod: Pod, evidence: Evidence, failure: Failure) -> Pod:
    """Suspicious: kept for people to look at. The keeper's deadline stays until the pod is cut off."""
    return replace(
        pod,
        state=PodState.QUARANTINED,
        state_since=evidence.at,
        clone_id=None,
        lease_id=None,
        warm_since=None,
        warm_shard=None,
        deadline_at=evidence.at + SILENCE_SECONDS,
        proof=None,
        last_failure=failure,
        evidence=evidence,
    )


def to_deleting(pod: Pod, now: int, failure: Failure | None = None) -> Pod:
    """On its way out; allowed from every state."""
    return replace(
        pod,
        state=PodState.DELETING,
        state_since=now,
        clone_id=None,
        lease_id=None,
        warm_since=None,
        warm_shard=None,
        deadline_at=now + SILENCE_SECONDS,
        last_failure=failure or pod.last_failure,
        evidence=None,
    )


def heartbeat(pod: Pod, now: int) -> Pod | None:
    """The row with its deadline moved on, or None while there is no need."""
    if pod.deadline_at is not None and pod.deadline_at - now > SILENCE_SECONDS * 2 // 3:
        return None
    return replace(pod, deadline_at=now + SILENCE_SECONDS)


def gives_up_at(pod: Pod, policy: PoolPolicy) -> int:
    """When an unsettled or importing pod has had its time, in epoch seconds."""
    seconds = {
        PodState.CREATING: policy.create_seconds,
        PodState.RESETTING: policy.reset_seconds,
        PodState.ASSIGNED: policy.import_seconds,
        PodState.DELETING: policy.delete_seconds,
    }
    return pod.state_since + seconds[pod.state]
