"""An operator has seen enough of a quarantined pod."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import Failure, PodState
from clonepool.domain.transitions import to_deleting
from clonepool.errors import NotQuarantined, StaleRow, StoreBusy

if TYPE_CHECKING:
    from clonepool.ports import Clock, Pods


@dataclass(frozen=True, slots=True)
class ReleasePod:
    """Let a quarantined pod go: it is deleted, by the record of its row, and never handed out again."""

    pods: Pods
    clock: Clock

    def __call__(self, pod_name: str) -> None:
        """Repeating, or naming a pod that is gone, has no effect. Raises NotQuarantined, StoreBusy."""
        pod = self.pods.get(pod_name)
        if pod is None or pod.state is PodState.DELETING:
            return
        if pod.state is not PodState.QUARANTINED:
            raise NotQuarantined(
                f"{pod_name} is {pod.state.value}; only quarantined pods are released by hand."
            )
        now = self.clock.now()
        try:
            failure = Failure("released", "released from quarantine by an operator", now)
            self.pods.change(pod, to_deleting(pod, now, failure))
        except StaleRow as stale:
            raise StoreBusy(f"{pod_name} changes at this moment; try again.") from stale
