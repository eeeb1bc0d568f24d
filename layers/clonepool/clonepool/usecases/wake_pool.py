"""A record of the pods table: work on that pod, and see whether the pool has lost one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import PodState
from clonepool.errors import LostRace

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.ports import Pods
    from clonepool.usecases.delete_pod import DeletePod
    from clonepool.usecases.settle_pod import SettlePod
    from clonepool.usecases.top_up import TopUp


@dataclass(frozen=True, slots=True)
class WakePool:
    """A new row is created and settled; a warm one that left is replaced; a condemned one is deleted."""

    pods: Pods
    settle: SettlePod
    delete: DeletePod
    top_up: TopUp

    def __call__(self, pod_name: str, generation: int) -> None:
        """What the row says now decides, not the record. Raises ClusterUnavailable, StoreBusy."""
        pod = self.pods.get(pod_name)
        current = pod is not None and pod.generation == generation
        if pod and current and pod.state is PodState.CREATING:
            return self._quietly(self.settle, pod)
        self.top_up()
        if pod and current and pod.state is PodState.DELETING:
            return self._quietly(self.delete, pod)
        return None

    @staticmethod
    def _quietly(work: SettlePod | DeletePod, pod: Pod) -> None:
        try:
            work(pod)
        except LostRace:
            return
