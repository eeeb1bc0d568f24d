"""Compare rows and cluster: rows whose pod is gone, and objects that no row knows (design invariant 7).

The order of reading makes it safe without a lock. A row exists before its objects and after them; so rows
first and then the cluster shows what has vanished, the cluster first and then rows what has strayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clonepool.domain.pods import LEASED, STATUS_LABEL, Failure, PodRef, PodState
from clonepool.errors import LostRace
from clonepool.usecases.return_pod import lost

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from clonepool.domain.observed import ObservedPod
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Cluster, Leases, Pods
    from clonepool.usecases.cut_off import CutOff
    from clonepool.usecases.delete_pod import DeletePod
    from clonepool.usecases.mirror import Mirror
    from clonepool.usecases.return_pod import ReturnPod

OF_A_LEASE = frozenset({"Service", "Ingress", "NetworkPolicy"})


@dataclass(frozen=True, slots=True)
class Differences:
    """What one look at rows and cluster has found.

    Attributes:
        vanished: rows whose pod is gone or has died for good.
        over: generations that no lease holds any more and that may still be open.
    """

    vanished: list[Pod] = field(default_factory=list)
    over: list[PodRef] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Find and mend what differs between rows and cluster.

    Attributes:
        grace_seconds: a pod without a row is left alone for this long after its creation.
    """

    leases: Leases
    pods: Pods
    cluster: Cluster
    clock: Clock
    give_back: ReturnPod
    delete: DeletePod
    mirror: Mirror
    cut_off: CutOff
    grace_seconds: int = 120

    def compare(self, pool: str, ended: Collection[str] = ()) -> Differences:
        """Against one list call. `ended` are ids of leases that have just been swept."""
        rows = [pod for pod in self.pods.of_pool(pool) if pod.pod_uid]
        seen = {pod.uid: pod for pod in self.cluster.pods()} if rows else {}
        over = list(self.cut_off.over(rows, seen, ended))
        self._mend_labels(rows, seen)
        lasting = [pod for pod in rows if pod.state is not PodState.DELETING]
        return Differences([pod for pod in lasting if lost(seen.get(pod.pod_uid or ""))], over)

    def bury(self, pod: Pod) -> None:
        """End the lease of a vanished pod, if it has one, and delete what is left of it. Raises StaleRow."""
        if pod.state not in LEASED:
            return self.delete.condemn(pod, "pod_lost", "the pod is gone from the cluster")
        clone = self.leases.get(pod.clone_id) if pod.clone_id else None
        now = self.clock.now()
        if clone and clone.lease_id == pod.lease_id and clone.live(now):
            self.leases.fail(clone, Failure("pod_lost", "The pod of this clone is gone; ask again.", now))
        return self.give_back.take_back(pod)

    def strays(self) -> int:
        """Delete every object that belongs to no row, or to a lease that is over. Returns how many."""
        seen, objects = self.cluster.pods(), self.cluster.strays()
        names = {pod.pod_name for pod in seen} | {name for _, name, _ in objects}
        rows = {name: self.pods.get(name) for name in names}
        return self._stray_pods(seen, rows) + self._stray_objects(objects, rows)

    def _stray_pods(self, seen: list[ObservedPod], rows: Mapping[str, Pod | None]) -> int:
        """No row of this name, or a row that knows another uid."""
        old_enough = self.clock.now() - self.grace_seconds
        strays = [
            PodRef(pod.pod_name, pod.uid, pod.generation)
            for pod in seen
            if pod.created_at <= old_enough and not _known(pod, rows.get(pod.pod_name))
        ]
        for ref in strays:
            self._clear(ref)
        return len(strays)

    def _stray_objects(self, objects: list[tuple[str, str, int]], rows: Mapping[str, Pod | None]) -> int:
        gone = {name for _, name, _ in objects if rows.get(name) is None}
        for name in gone:
            self._clear(PodRef(name, None, 0))
        ended = {
            (name, generation)
            for kind, name, generation in objects
            if kind in OF_A_LEASE and _over(rows.get(name), generation)
        }
        for name, generation in ended:
            self.cluster.unroute(name, generation)
        return len(gone) + len(ended)

    def _clear(self, ref: PodRef) -> None:
        try:
            self.cluster.delete_pod(ref)
        except LostRace:
            return  # it has changed since it was listed; the next comparison looks again

    def _mend_labels(self, rows: list[Pod], seen: Mapping[str, ObservedPod]) -> None:
        for pod in rows:
            found = seen.get(pod.pod_uid or "")
            if pod.state is PodState.WARM and found and found.status != STATUS_LABEL[pod.state]:
                self._mend(pod)

    def _mend(self, pod: Pod) -> None:
        try:
            self.mirror(pod)
        except LostRace:
            return


def _known(pod: ObservedPod, row: Pod | None) -> bool:
    return row is not None and row.pod_uid in (None, pod.uid)


def _over(row: Pod | None, generation: int) -> bool:
    """Whether what is of this generation serves a lease that has ended."""
    return row is not None and (generation < row.generation or row.state not in LEASED)
