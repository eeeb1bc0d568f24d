"""Close what no lease holds any more, ahead of everything that takes time.

A return closes its pod right after the row has changed. Should it die in between, the old site would stay
routed until somebody takes the row over; and where many leases end with their records lost, the last one
would wait for the resets of all before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import LEASED, STATUS_LABEL, PodRef, PodState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from clonepool.domain.observed import ObservedPod
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Cluster, Leases, Pods

SAYS_LEASED = frozenset(STATUS_LABEL[state] for state in LEASED)


@dataclass(frozen=True, slots=True)
class CutOff:
    """Which generations of which pods are over, and how to close one.

    A generation is leased at most once, so what is over stays over: closing needs no lock and may come late.
    """

    leases: Leases
    pods: Pods
    cluster: Cluster
    clock: Clock

    def __call__(self, ref: PodRef) -> None:
        """Nothing in, nothing out, no route. Raises ClusterUnavailable."""
        self.cluster.close(ref)

    def over(
        self, rows: Sequence[Pod], seen: Mapping[str, ObservedPod], ended: Collection[str]
    ) -> Iterator[PodRef]:
        """Rows were read before the cluster; `seen` is by uid, `ended` are ids of leases just swept."""
        for row in rows:
            if row.state in LEASED:
                if self._lease_is_over(row, ended):
                    yield row.ref
            elif ref := _open(row, seen.get(row.pod_uid or "")):
                now = self.pods.get(row.pod_name)
                if now is None or now.state not in LEASED:
                    yield ref

    def _lease_is_over(self, row: Pod, ended: Collection[str]) -> bool:
        """Only of those that are due, so that a tick does not read every clone."""
        if row.lease_id in ended:
            return True
        now = self.clock.now()
        if row.deadline_at is None or row.deadline_at > now or row.clone_id is None:
            return False
        clone = self.leases.get(row.clone_id)
        return clone is None or clone.lease_id != row.lease_id or not clone.live(now)


def _open(row: Pod, seen: ObservedPod | None) -> PodRef | None:
    """The generation of an unleased row's pod that may still be open, if any.

    A close changes labels first and routes last, so a label alone does not say that it was finished: a reset
    goes on from there to the next generation, a deletion to the end of the pod.
    """
    if seen is None:
        return row.ref
    unfinished = seen.generation < row.generation or row.state is PodState.DELETING
    if seen.status in SAYS_LEASED or unfinished:
        return PodRef(row.pod_name, seen.uid, seen.generation)
    return None
