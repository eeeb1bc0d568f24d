"""Labels say what the row says, for people and for NetworkPolicies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.ports import Cluster, Pods


@dataclass(frozen=True, slots=True)
class Mirror:
    """Label a pod with its state, until the row has not moved on while the label was written.

    Two who label the same generation side by side could otherwise leave the older word behind.
    """

    pods: Pods
    cluster: Cluster

    def __call__(self, pod: Pod) -> None:
        """Raises StaleObject, ClusterUnavailable."""
        while True:
            self.cluster.label(pod.ref, pod.state, pod.clone_id)
            row = self.pods.get(pod.pod_name)
            if row is None or row.generation != pod.generation or row.state is pod.state:
                return
            pod = row
