"""Changes of Pods and Secrets that hold only for the generation they are meant for (design invariant 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes import manifests
from clonepool.adapters.kubernetes.client import Collision, Missing, TestFailed
from clonepool.adapters.kubernetes.objects import belongs, generation_of, labels_of, uid_of
from clonepool.errors import ClusterUnavailable, StaleObject

if TYPE_CHECKING:
    from clonepool.adapters.kubernetes.client import Json, KubernetesClient
    from clonepool.domain.pods import PodRef

DELETE_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Guarded:
    """Every method takes the path of its object (`create`: of the collection)."""

    client: KubernetesClient

    def find(self, path: str) -> Json | None:
        """The object, if it is there."""
        try:
            return self.client.get(path)
        except Missing:
            return None

    def create(self, path: str, body: Json, generation: int) -> Json:
        """Create, or find what an earlier try created. Raises StaleObject: that is another generation's."""
        name = body["metadata"]["name"]
        try:
            return self.client.create(path, body)
        except Collision as collision:
            found = self.find(f"{path}/{name}")
            if found is None:
                raise ClusterUnavailable(f"{name} is just being deleted; try again") from collision
            if labels_of(found).get("app") != manifests.APP or generation_of(found) != generation:
                raise StaleObject(f"{name} exists with generation {generation_of(found)}") from collision
            return found

    def patch(self, path: str, operations: list[Json]) -> None:
        """Patch what is as `operations` test it to be. Raises StaleObject."""
        try:
            self.client.patch(path, operations)
        except (Missing, TestFailed) as refusal:
            raise StaleObject(f"{path.rsplit('/', 1)[-1]} is gone, or in another generation") from refusal

    def advance(self, path: str, operations: list[Json], wanted: int, uid: str | None = None) -> None:
        """Patch, or find that an earlier try has: the object is in the `wanted` generation already."""
        try:
            self.patch(path, operations)
        except StaleObject:
            found = self.find(path)
            if found is None or generation_of(found) != wanted or uid not in (None, uid_of(found)):
                raise

    def delete(self, path: str, ref: PodRef) -> None:
        """Delete if it is this pod's, and not of a newer generation. Gone already is success.

        The resource version is part of the condition: the generation that was looked at is the one deleted.
        """
        for _ in range(DELETE_ATTEMPTS):
            found = self.find(path)
            if found is None or not belongs(found, ref):
                return
            if generation_of(found) > ref.generation:
                raise StaleObject(f"{ref.pod_name} is in generation {generation_of(found)} by now")
            version = found["metadata"]["resourceVersion"]
            try:
                return self.client.delete(path, uid=uid_of(found), resource_version=version)
            except Missing:
                return
            except Collision:
                continue
        raise ClusterUnavailable(f"{ref.pod_name} changes faster than it can be deleted; try again")
