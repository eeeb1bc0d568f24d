"""What becomes of a pod whose lease has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool


@dataclass(frozen=True, slots=True)
class Condition:
    """What the cluster says about a used pod. `crash_restarts` counts restarts of its containers."""

    present: bool = True
    crash_restarts: int = 0


@dataclass(frozen=True, slots=True)
class ReturnDecision:
    """Reset or replace, and why, in words."""

    action: Literal["reset", "replace"]
    reason: str


def decide_return(pod: Pod, pool: Pool, condition: Condition, now: int) -> ReturnDecision:
    """Choose between cleaning a used pod and replacing it.

    Replacing is always safe and never fast; a reset is worth it only where nothing speaks against it.
    """
    objection = _objection(pod, pool, condition, now)
    if objection:
        return ReturnDecision("replace", objection)
    return ReturnDecision("reset", "current, young and healthy")


def _objection(pod: Pod, pool: Pool, condition: Condition, now: int) -> str | None:
    policy = pool.policy
    objections = (
        (policy.reuse == "never", "this pool does not reuse pods"),
        (not condition.present, "the pod is gone"),
        (pod.pod_uid is None, "the row does not know the pod's uid"),
        (pod.template_hash != pool.current_template, "built from an older template"),
        (pod.reuse_count >= policy.max_reuse_count, f"already reused {pod.reuse_count} times"),
        (now - pod.created_at >= policy.max_pod_age_seconds, "older than a pod may get"),
        (condition.crash_restarts > 0, "a container crashed"),
    )
    return next((reason for holds, reason in objections if holds), None)
