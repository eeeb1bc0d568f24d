"""What a leased pod may call, as a NetworkPolicy of its own: one for each generation of each pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes import manifests
from clonepool.adapters.kubernetes.client import Collision, Missing
from clonepool.adapters.kubernetes.objects import delete_up_to, owner_uid, uid_of
from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from clonepool.adapters.kubernetes.client import KubernetesClient
    from clonepool.adapters.kubernetes.manifests import Identity
    from clonepool.domain.pods import PodRef
    from clonepool.domain.reach import Reach

ATTEMPTS = 3


class Networks:
    """The openings in one namespace. Its other policies close everything, and no function touches them."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self._policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"

    def paths(self) -> dict[str, str]:
        """The collection by kind."""
        return {"NetworkPolicy": self._policies}

    def open(self, identity: Identity, pod_uid: str, reach: Reach) -> Reach:
        """Create the policy, or find that of this lease. Returns what it says. Raises ClusterUnavailable."""
        body = manifests.network_policy(identity, pod_uid, reach)
        name = body["metadata"]["name"]
        for _ in range(ATTEMPTS):
            try:
                return manifests.reach_of(self._client.create(self._policies, body))
            except Collision:
                try:
                    found = self._client.get(f"{self._policies}/{name}")
                    if owner_uid(found) == pod_uid:
                        return manifests.reach_of(found)
                    self._client.delete(f"{self._policies}/{name}", uid=uid_of(found))
                except (Missing, Collision):
                    continue
        raise ClusterUnavailable(f"the network policy {name} keeps being replaced")

    def find(self, ref: PodRef) -> Reach | None:
        """What the policy of this lease says; None if there is none."""
        try:
            found = self._client.get(
                f"{self._policies}/{manifests.network_name(ref.pod_name, ref.generation)}"
            )
        except Missing:
            return None
        return manifests.reach_of(found) if owner_uid(found) == ref.uid else None

    def remove(self, pod_name: str, generation: int) -> None:
        """Delete the pod's openings up to this generation."""
        delete_up_to(self._client, self._policies, pod_name, generation)
