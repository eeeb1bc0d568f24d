"""A verifier has found a difference: the pod is deleted, or cut off and kept for people to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.pods import Evidence, Failure, PodState
from clonepool.domain.returning import decide_suspicion
from clonepool.domain.transitions import to_quarantined
from clonepool.errors import ClusterUnavailable, StaleObject, StaleRow
from clonepool.usecases.patience import Budget, persistently

if TYPE_CHECKING:
    from clonepool.domain.observed import Verdict
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Cluster, Leases, Pods, Pools
    from clonepool.usecases.delete_pod import DeletePod

LONGEST_DETAIL = 1000
MAX_FINDINGS = 20
MAX_CHECKS_BYTES = 100_000
"""A row holds 400 KB; checks of a clean pod are 3 KB."""


@dataclass(frozen=True, slots=True)
class SuspectPod:
    """Decide, record, cut off. Row first: from then on nobody hands the pod out, whatever follows.

    Its processes are left running: they are evidence as well, they can reach nobody, and the agent that would
    stop them is part of what is in doubt.

    Attributes:
        budget_seconds: how long one run insists; the keeper goes on after the row's deadline.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    cluster: Cluster
    clock: Clock
    delete: DeletePod
    budget_seconds: float = 30

    def __call__(self, pod: Pod, verdict: Verdict) -> None:
        """`pod` as read, `verdict` with findings. Raises StaleRow, ClusterUnavailable, StoreBusy."""
        pool = self.pools.get(pod.pool)
        if pool is None:
            raise StaleRow(f"pool {pod.pool} is gone")
        now = self.clock.now()
        evidence = _evidence(verdict, now)
        self._tell(pod, evidence)
        detail = "; ".join(evidence.findings)[:LONGEST_DETAIL]
        decision = decide_suspicion(pool, self.pods.of_pool(pod.pool), pod)
        text = f"{decision.action} {pod.pod_name}, not clean ({decision.reason}): {detail}"
        self.pools.note(pod.pool, text[:LONGEST_DETAIL], now)
        if decision.action == "delete":
            return self.delete.condemn(pod, "not_clean", detail)
        return self.isolate(
            self.pods.change(pod, to_quarantined(pod, evidence, Failure("not_clean", detail, now)))
        )

    def isolate(self, pod: Pod) -> None:
        """Cut off a QUARANTINED row's pod, again if need be, and then let the keeper's deadline rest.

        Raises as above.
        """
        if surplus := self._surplus(pod):
            return self.delete.condemn(pod, "not_clean", surplus)
        budget = Budget.of(self.clock, self.budget_seconds)
        try:
            persistently(lambda: self.cluster.unroute(pod.pod_name, pod.generation), budget)
            persistently(lambda: self.cluster.label(pod.ref, PodState.QUARANTINED, None), budget)
        except StaleObject as stale:
            return self.delete.condemn(pod, "not_as_recorded", str(stale))
        evidence = pod.evidence and replace(pod.evidence, logs=self._logs(pod))
        self.pods.change(pod, replace(pod, deadline_at=None, evidence=evidence))
        return None

    def _tell(self, pod: Pod, evidence: Evidence) -> None:
        """The history of the lease that ended before this generation outlives the pod's row."""
        self.leases.end_lease(
            pod.pod_name, pod.generation - 1, now=evidence.at, result="not clean", evidence=evidence
        )

    def _surplus(self, pod: Pod) -> str:
        """Why the pod cannot be kept after all: those who decided at the same moment see each other now."""
        pool = self.pools.get(pod.pool)
        if pool is None:
            return ""
        decision = decide_suspicion(pool, self.pods.of_pool(pod.pool), pod)
        return decision.reason if decision.action == "delete" else ""

    def _logs(self, pod: Pod) -> dict[str, str]:
        try:
            return self.cluster.logs(pod.ref)
        except (ClusterUnavailable, StaleObject) as problem:
            return {"unavailable": str(problem)[:LONGEST_DETAIL]}


def _evidence(verdict: Verdict, now: int) -> Evidence:
    checks = verdict.checks
    if len(json.dumps(checks)) > MAX_CHECKS_BYTES:
        checks = {name: {"ok": check.get("ok") is True} for name, check in checks.items()}
    findings = tuple(finding[:LONGEST_DETAIL] for finding in verdict.findings[:MAX_FINDINGS])
    return Evidence(verdict.generation, now, findings, checks, verdict.images)
