"""Pods whose deadline has passed: nobody seems to work on them, so the keeper does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.clones import CloneState
from clonepool.domain.lease import look_again_at
from clonepool.domain.pods import LEASED, SETTLING, PodState
from clonepool.domain.transitions import SILENCE_SECONDS

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Leases, Pods
    from clonepool.usecases.delete_pod import DeletePod
    from clonepool.usecases.outbound import FetchOutbound
    from clonepool.usecases.prepare_clone import PrepareClone
    from clonepool.usecases.return_pod import ReturnPod
    from clonepool.usecases.settle_pod import SettlePod
    from clonepool.usecases.suspect_pod import SuspectPod


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Win a pod by moving its deadline on the condition of the old one, then finish what was begun."""

    leases: Leases
    pods: Pods
    clock: Clock
    settle: SettlePod
    prepare: PrepareClone
    give_back: ReturnPod
    delete: DeletePod
    suspect: SuspectPod
    fetch_outbound: FetchOutbound

    def __call__(self, pod: Pod) -> None:
        """`pod` as read, overdue. Raises StaleRow (somebody works on it), ClusterUnavailable, StoreBusy."""
        if pod.state in LEASED:
            self._look_at_lease(pod)
        elif pod.state in SETTLING:
            self.settle(self._won(pod))
        elif pod.state is PodState.QUARANTINED:
            self.suspect.isolate(self._won(pod))
        elif pod.state is PodState.DELETING:
            self.delete(self._won(pod))

    def _won(self, pod: Pod, until: int | None = None) -> Pod:
        deadline_at = until or self.clock.now() + SILENCE_SECONDS
        return self.pods.change(pod, replace(pod, deadline_at=deadline_at))

    def _look_at_lease(self, pod: Pod) -> None:
        clone = self._tenant(pod)
        if clone is None:
            self.give_back.take_back(self._won(pod))
        elif clone.state is CloneState.IMPORTING or clone.filling:
            self._won(pod)
            self.prepare(clone.clone_id, clone.lease_id)
        else:
            self.fetch_outbound(self._won(pod, look_again_at(clone.expires_at, self.clock.now())))

    def _tenant(self, pod: Pod) -> Clone | None:
        """The live clone of this very lease; one that has expired is removed in passing."""
        clone = self.leases.get(pod.clone_id) if pod.clone_id else None
        if clone is None or clone.lease_id != pod.lease_id:
            return None
        if clone.live(self.clock.now()):
            return clone
        if clone.expired(self.clock.now()):
            self.leases.remove(clone)
        return None
