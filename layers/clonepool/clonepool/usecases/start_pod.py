"""Set a CREATING or RESETTING pod going: the part that is done once, and harmlessly again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.pods import PodRef, PodState
from clonepool.errors import StaleRow

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.ports import Cluster, Pods


@dataclass(frozen=True, slots=True)
class StartPod:
    """Create the pod of a new row, or start the reset of a used one. The row entitles to it."""

    pods: Pods
    cluster: Cluster

    def __call__(self, pod: Pod) -> Pod:
        """The row, with the uid known. Raises StaleRow, StaleObject, ClusterUnavailable."""
        if pod.state is PodState.RESETTING:
            self._reset(pod)
            return pod
        return self._create(pod)

    def _reset(self, pod: Pod) -> None:
        """Cut off first: from here on nobody reaches the old site, and it reaches nobody."""
        old = PodRef(pod.pod_name, pod.pod_uid, pod.generation - 1)
        self.cluster.close(old)
        self.cluster.start_reset(old, pod.generation)

    def _create(self, pod: Pod) -> Pod:
        uid = self.cluster.create_pod(pod)
        if uid == pod.pod_uid:
            return pod
        try:
            return self.pods.change(pod, replace(pod, pod_uid=uid))
        except StaleRow:
            self._clear_up(pod, uid)
            raise

    def _clear_up(self, pod: Pod, uid: str) -> None:
        """The row went while we created: what has just come into being belongs to nobody."""
        row = self.pods.get(pod.pod_name)
        if row is None or row.generation != pod.generation:
            self.cluster.delete_pod(PodRef(pod.pod_name, uid, pod.generation))
