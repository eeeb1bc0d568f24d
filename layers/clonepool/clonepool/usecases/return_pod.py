"""A lease has ended: its pod is cleaned and proven, or replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import LEASED, Failure
from clonepool.domain.returning import Condition, decide_return
from clonepool.domain.transitions import to_deleting, to_resetting
from clonepool.errors import LostRace
from clonepool.usecases.patience import Budget, persistently

if TYPE_CHECKING:
    from clonepool.domain.observed import ObservedPod
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool
    from clonepool.domain.returning import ReturnDecision
    from clonepool.ports import Clock, Cluster, Leases, Pods, Pools
    from clonepool.usecases.delete_pod import DeletePod
    from clonepool.usecases.outbound import FetchOutbound
    from clonepool.usecases.settle_pod import SettlePod

GONE_PHASES = frozenset({"Failed", "Succeeded"})


@dataclass(frozen=True, slots=True)
class ReturnPod:
    """Take a pod back from a lease that is over, and from no other.

    Attributes:
        budget_seconds: how long to insist on an answer of the cluster before giving up this run.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    cluster: Cluster
    clock: Clock
    settle: SettlePod
    delete: DeletePod
    fetch_outbound: FetchOutbound
    budget_seconds: float = 30

    def __call__(self, pod_name: str, generation: int, lease_id: str) -> None:
        """The lease `lease_id` had this generation of this pod. Anything else is stale and has no effect.

        Raises:
            ClusterUnavailable, StoreBusy: for the asynchronous retry; the keeper is behind it.
        """
        pod = self.pods.get(pod_name)
        if pod is None or pod.generation != generation or pod.lease_id != lease_id:
            return
        try:
            self.take_back(pod)
        except LostRace:
            return

    def take_back(self, pod: Pod) -> None:
        """As above for a row as read. Raises StaleRow."""
        pool = self.pools.get(pod.pool)
        if pool is None or pod.state not in LEASED or self._still_leased(pod):
            return
        budget = Budget.of(self.clock, self.budget_seconds)
        decision = persistently(lambda: self._decide(pod, pool), budget)
        self.fetch_outbound(pod)  # the last chance: what follows wipes it
        now = self.clock.now()
        self._record(pod, decision, now)
        if decision.action == "reset":
            self.settle(self.pods.change(pod, to_resetting(pod, now, decision.failures)))
        else:
            failure = Failure("replaced", decision.reason, now)
            self.delete(self.pods.change(pod, to_deleting(pod, now, failure)))

    def _still_leased(self, pod: Pod) -> bool:
        """Never trust a record alone: what the clone's row says now decides."""
        clone = self.leases.get(pod.clone_id) if pod.clone_id else None
        return clone is not None and clone.lease_id == pod.lease_id and clone.live(self.clock.now())

    def _decide(self, pod: Pod, pool: Pool) -> ReturnDecision:
        condition = Condition()
        if pool.policy.reuse != "never":
            seen = next((p for p in self.cluster.pods() if p.uid == pod.pod_uid), None)
            condition = _condition(seen, self._failure(pod))
        return decide_return(pod, pool, condition, self.clock.now())

    def _failure(self, pod: Pod) -> str | None:
        """The code that the lease failed with, as long as its row tells."""
        clone = self.leases.get(pod.clone_id) if pod.clone_id else None
        ours = clone is not None and clone.lease_id == pod.lease_id
        return clone.failure.code if clone and ours and clone.failure else None

    def _record(self, pod: Pod, decision: ReturnDecision, now: int) -> None:
        """In the lease's history, and among the pool's decisions where it is not what happens every time."""
        result = f"{decision.action}: {decision.reason}"
        self.leases.end_lease(pod.pod_name, pod.generation, now=now, result=result)
        text = f"replace {pod.pod_name}: {decision.reason}" if decision.action == "replace" else ""
        self.pools.note(pod.pool, text, now, {f"return.{decision.action}": 1})


def lost(seen: ObservedPod | None) -> bool:
    """Whether a pod that the row counts on does not run any more and never will again."""
    return seen is None or seen.node_lost or seen.phase in GONE_PHASES


def _condition(seen: ObservedPod | None, failed_with: str | None) -> Condition:
    return Condition(
        present=not lost(seen),
        running=seen is not None and seen.stopped == 0,
        crash_restarts=seen.restarts if seen else 0,
        failed_with=failed_with,
    )
