"""A pod leaves: row DELETING, then the cluster's objects, then the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import Failure, PodRef
from clonepool.domain.transitions import to_deleting
from clonepool.usecases.patience import Budget, persistently

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Cluster, Pods


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete what belongs to a DELETING row, wait until it is gone, then forget the row.

    Attributes:
        budget_seconds: how long one run waits; the keeper goes on after the row's deadline.
    """

    pods: Pods
    cluster: Cluster
    clock: Clock
    budget_seconds: float = 45
    poll_seconds: float = 0.25

    def __call__(self, pod: Pod) -> None:
        """`pod` is a DELETING row. Raises ClusterUnavailable, StaleRow."""
        budget = Budget.of(self.clock, self.budget_seconds)
        ref = persistently(lambda: self._identified(pod), budget)
        persistently(lambda: self.cluster.delete_pod(ref), budget)
        while persistently(lambda: self.cluster.exists(ref), budget):
            if budget.spent:
                return
            budget.pause(self.poll_seconds)
        self.pods.remove(pod)

    def condemn(self, pod: Pod, code: str, detail: str) -> None:
        """Whatever state `pod` is in, as read: take it out and delete it. Raises as above."""
        now = self.clock.now()
        self(self.pods.change(pod, to_deleting(pod, now, Failure(code, detail, now))))

    def _identified(self, pod: Pod) -> PodRef:
        """A creator that died early has left a pod whose uid the row does not know."""
        if pod.pod_uid is not None:
            return pod.ref
        uids = [seen.uid for seen in self.cluster.pods() if seen.pod_name == pod.pod_name]
        return PodRef(pod.pod_name, uids[0] if uids else None, pod.generation)
