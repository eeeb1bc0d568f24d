"""Service and Ingress of a lease. A name changes hands only when its former holder has given it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes import manifests
from clonepool.adapters.kubernetes.client import Collision, Missing
from clonepool.adapters.kubernetes.objects import (
    delete_found,
    delete_up_to,
    generation_of,
    labels_of,
    owner_uid,
    uid_of,
)
from clonepool.errors import ClusterUnavailable, StaleObject

if TYPE_CHECKING:
    from clonepool.adapters.kubernetes.client import Json, KubernetesClient
    from clonepool.adapters.kubernetes.manifests import Route

ATTEMPTS = 5


class Routes:
    """The routes in one namespace."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._services = f"/api/v1/namespaces/{namespace}/services"
        self._ingresses = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"

    def paths(self) -> dict[str, str]:
        """The collections by kind."""
        return {"Service": self._services, "Ingress": self._ingresses}

    def put(self, route: Route) -> None:
        """Create both objects, the Service first. StaleObject if another lease holds the name."""
        self._put(self._services, route, manifests.service(route))
        self._put(self._ingresses, route, manifests.ingress(route))

    def remove(self, pod_name: str, generation: int) -> None:
        """Delete the pod's routes up to this generation, the public way first."""
        for path in (self._ingresses, self._services):
            delete_up_to(self._client, path, pod_name, generation)

    def _put(self, path: str, route: Route, body: Json) -> None:
        for _ in range(ATTEMPTS):
            try:
                self._client.create(path, body)
            except Collision:
                if self._kept(path, route):
                    return
            else:
                return
        raise ClusterUnavailable(f"the route {route.clone_id} keeps being replaced")

    def _kept(self, path: str, route: Route) -> bool:
        """Whether the name is ours already; a leftover is deleted. Raises StaleObject if it is in use."""
        try:
            found = self._client.get(f"{path}/{route.clone_id}")
        except Missing:
            return False
        holder = (labels_of(found).get("pod-name"), generation_of(found))
        if holder == (route.pod_name, route.generation) and owner_uid(found) == route.pod_uid:
            return True
        if self._in_use(found, route):
            raise StaleObject(f"{route.clone_id} is the route of {holder[0]}, generation {holder[1]}")
        delete_found(self._client, path, found)
        return False

    def _in_use(self, found: Json, route: Route) -> bool:
        """Whether the holder still has this lease: its labels mirror it until the pod is taken back."""
        pod_name = labels_of(found).get("pod-name", "")
        if labels_of(found).get("app") != manifests.APP:
            return True  # not ours to replace
        if pod_name == route.pod_name:
            return owner_uid(found) == route.pod_uid and generation_of(found) > route.generation
        try:
            pod = self._client.get(f"{self._pods}/{pod_name}")
        except Missing:
            return False
        return (
            uid_of(pod) == owner_uid(found)
            and generation_of(pod) == generation_of(found)
            and labels_of(pod).get("clone-id") == route.clone_id
            and "deletionTimestamp" not in pod["metadata"]
        )
