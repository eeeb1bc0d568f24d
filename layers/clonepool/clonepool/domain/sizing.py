"""How many pods the pool needs: a pure function from what there is to what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import SETTLING, Pod, PodState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clonepool.domain.pool import Pool

MAX_AT_ONCE = 50
"""Rows reserved in one transaction (DynamoDB takes 100 items; the rest waits for the next look)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a plan is made from: every row of the pool, and how many live clones wait for a pod."""

    pods: Sequence[Pod]
    queued: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pods to create, which warm ones to delete, and why, in words."""

    create: int
    delete: tuple[Pod, ...]
    reason: str


def plan(snapshot: Snapshot, pool: Pool, now: int) -> Plan:
    """Compare supply (warm and coming) with demand (the minimum and everyone who waits).

    Pods of a former template, those past their age, and those in a shard that nobody asks any more no longer
    count, so their successors are made first and only then they go. Pods of a revoked template go at once. Of
    too many the oldest go.
    """
    warm = [p for p in snapshot.pods if p.state is PodState.WARM]
    revoked = [p for p in warm if p.template_hash not in pool.accepted_templates]
    fresh = [p for p in warm if _fresh(p, pool, now)]
    outdated = [p for p in warm if p not in fresh and p not in revoked]
    coming = [p for p in snapshot.pods if p.state in SETTLING and p.template_hash == pool.current_template]

    demand = pool.policy.min_warm + snapshot.queued
    usable = pool.current_template in pool.accepted_templates
    missing = max(0, demand - len(fresh) - len(coming))
    room = max(0, pool.policy.max_pods - len(snapshot.pods))
    superseded = _superseded(outdated, missing, room) if usable else []
    excess = _excess(fresh, len(coming), snapshot.queued, pool)
    return Plan(
        create=min(missing, room, MAX_AT_ONCE) if usable else 0,
        delete=(*revoked, *superseded, *excess),
        reason=(
            f"{len(fresh)} warm and {len(coming)} coming, {len(outdated) + len(revoked)} outdated, "
            f"for {pool.policy.min_warm} wanted and {snapshot.queued} waiting; room for {room}"
            + ("" if usable else "; the current template is revoked: deploy another")
        ),
    )


def _fresh(pod: Pod, pool: Pool, now: int) -> bool:
    young = now - pod.created_at < pool.policy.max_pod_age_seconds
    asked = (pod.warm_shard or 0) < pool.policy.warm_shards
    current = pod.template_hash == pool.current_template and pod.template_hash in pool.accepted_templates
    return young and asked and current


def _superseded(outdated: list[Pod], missing: int, room: int) -> list[Pod]:
    if not missing:
        return outdated
    return _oldest(outdated, missing) if not room else []


def _excess(fresh: list[Pod], coming: int, queued: int, pool: Pool) -> list[Pod]:
    too_many = len(fresh) + coming - queued - pool.policy.max_warm
    spare = len(fresh) - pool.policy.min_warm
    return _oldest(fresh, min(too_many, spare))


def _oldest(pods: list[Pod], count: int) -> list[Pod]:
    return sorted(pods, key=lambda p: (p.created_at, p.pod_name))[: max(0, count)]
