"""What becomes of a pod whose lease has ended, and of one that did not prove clean."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from clonepool.domain.pods import Pod, PodState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clonepool.domain.pool import Pool, Sample

MAX_FAILURES = 2
"""Leases in a row that may fail in a pod before it is replaced."""
POD_FAULTS = frozenset({"internal", "database_error", "disk_full", "timeout"})
"""Codes of failed imports whose reason may lie in the pod; all others are the source's or the customer's."""

MAX_FAILED_RESETS = 3
"""Resets of a pool that may take too long in a row before its pods are replaced for a while. What a verifier
finds does not count: a site that dirties its pods on purpose decides nothing about the others'."""
FAILED_RESETS_SECONDS = 900
"""How long: then one reset is tried again."""

MEASURED_SECONDS = 6 * 3600
"""Older measurements say nothing any more; so what was decided by them is tried again."""
ENOUGH_SAMPLES = 5
MUCH_SLOWER = 2.0
"""A new pod costs more than time (an address, an image, the scheduler): so much longer may a reset take."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a used pod beside its row.

    Attributes:
        present: it is in the cluster, and its node answers.
        running: both containers run at this moment.
        crash_restarts: restarts of its containers by the kubelet, ever.
        failed_with: code of the failure of the lease that ends; None if it served.
    """

    present: bool = True
    running: bool = True
    crash_restarts: int = 0
    failed_with: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnDecision:
    """Reset or replace, and why, in words. `failures` is what the row of a reset pod remembers."""

    action: Literal["reset", "replace"]
    reason: str
    failures: int = 0


def decide_return(pod: Pod, pool: Pool, condition: Condition, now: int) -> ReturnDecision:
    """Choose between cleaning a used pod and replacing it.

    Replacing is always safe and never fast; a reset is worth it only where nothing speaks against it.
    """
    failures = pod.failures + 1 if condition.failed_with in POD_FAULTS else 0
    objection = _against_pod(pod, pool, condition, now) or _against_resets(pool, now)
    if objection is None and failures >= MAX_FAILURES:
        objection = f"{failures} leases in a row failed in it, the last with {condition.failed_with}"
    if objection:
        return ReturnDecision("replace", objection)
    return ReturnDecision("reset", "current, young and healthy", failures)


def _against_pod(pod: Pod, pool: Pool, condition: Condition, now: int) -> str | None:
    policy = pool.policy
    objections = (
        (policy.reuse == "never", "this pool does not reuse pods"),
        (not condition.present, "the pod is gone"),
        (pod.pod_uid is None, "the row does not know the pod's uid"),
        (pod.template_hash not in pool.accepted_templates, "built from a revoked template"),
        (pod.template_hash != pool.current_template, "built from an older template"),
        (pod.reuse_count >= policy.max_reuse_count, f"already reused {pod.reuse_count} times"),
        (now - pod.created_at >= policy.max_pod_age_seconds, "older than a pod may get"),
        (condition.crash_restarts > 0, f"its containers crashed {condition.crash_restarts} times"),
        (not condition.running, "a container does not run"),
    )
    return next((reason for holds, reason in objections if holds), None)


def _against_resets(pool: Pool, now: int) -> str | None:
    """What the pool's own last resets say about the next one."""
    resets, creations = (_recent(pool, kind, now) for kind in ("reset", "create"))
    succeeded_at = max((sample.at for sample in resets), default=0)
    failed = [sample.at for sample in _recent(pool, "reset_failed", now) if sample.at > succeeded_at]
    if len(failed) >= MAX_FAILED_RESETS and now - max(failed) < FAILED_RESETS_SECONDS:
        return f"the last {len(failed)} resets of this pool did not end in time"
    if min(len(resets), len(creations)) < ENOUGH_SAMPLES:
        return None
    reset, create = (median(sample.ms for sample in kind) for kind in (resets, creations))
    if reset > MUCH_SLOWER * create:
        return f"a reset takes {reset / 1000:.1f} s here, a new pod {create / 1000:.1f} s"
    return None


def _recent(pool: Pool, kind: str, now: int) -> list[Sample]:
    return [sample for sample in pool.measured.get(kind, ()) if now - sample.at < MEASURED_SECONDS]


@dataclass(frozen=True, slots=True)
class SuspicionDecision:
    """What becomes of a pod in which a difference was found, and why, in words."""

    action: Literal["delete", "quarantine"]
    reason: str


def decide_suspicion(pool: Pool, pods: Sequence[Pod], suspect: Pod) -> SuspicionDecision:
    """Keep a suspicious pod for people to look at, or delete it.

    Quarantine is bounded, so that nobody who dirties pods on purpose eats up the cluster: by the policy, and
    by the room that the pool's minimum needs. `pods` are all rows, `suspect` among them or not.
    """
    policy = pool.policy
    if policy.on_suspicion == "delete":
        return SuspicionDecision("delete", "this pool keeps no suspicious pods")
    others = [p for p in pods if p.state is PodState.QUARANTINED and p.pod_name != suspect.pod_name]
    limit = min(policy.max_quarantined, max(0, policy.max_pods - max(1, policy.min_warm)))
    if len(others) >= limit:
        return SuspicionDecision("delete", f"{len(others)} pods are in quarantine, as many as there may be")
    return SuspicionDecision("quarantine", f"pod {len(others) + 1} of at most {limit} in quarantine")
