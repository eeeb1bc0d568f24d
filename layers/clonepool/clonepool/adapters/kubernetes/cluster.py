"""The Cluster port on Kubernetes: every change is conditional on uid and generation (design invariant 3)."""

from __future__ import annotations

import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes import manifests, podspec
from clonepool.adapters.kubernetes.agent import ImportLimits
from clonepool.adapters.kubernetes.client import Missing
from clonepool.adapters.kubernetes.commands import CONTAINERS, Agents
from clonepool.adapters.kubernetes.guarded import Guarded
from clonepool.adapters.kubernetes.networks import Networks
from clonepool.adapters.kubernetes.objects import (
    annotation_path,
    check,
    generation_of,
    images_of,
    labels_of,
    observed,
    put,
    same_pod,
    state_operations,
    uid_of,
)
from clonepool.adapters.kubernetes.quantities import byte_count
from clonepool.adapters.kubernetes.routes import Routes
from clonepool.domain.pods import PodState
from clonepool.errors import StaleObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clonepool.adapters.kubernetes.client import Json, KubernetesClient
    from clonepool.adapters.kubernetes.exec import Executor
    from clonepool.adapters.kubernetes.podspec import PodTemplate
    from clonepool.domain.observed import ImportEvent, ImportJob, ObservedPod, Verdict
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Pod, PodRef
    from clonepool.domain.reach import Reach

ANY_GENERATION = sys.maxsize
LOG_LINES = 40
LOG_BYTES = 4096
MAX_LOG_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Place:
    """Where one pool lives in the cluster, and under which addresses its clones are served."""

    namespace: str
    pool: str
    domain: str
    template: PodTemplate
    ingress_class: str = ""
    ingress_annotations: dict[str, str] = field(default_factory=dict)
    max_import_bytes: int = 0


class KubernetesCluster:
    """One pool's pods in one namespace."""

    def __init__(
        self,
        client: KubernetesClient,
        executor: Executor,
        place: Place,
        *,
        token: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._client = client
        self._guarded = Guarded(client)
        self._agents = Agents(executor, place.namespace)
        self._place = place
        self._token = token
        self._pods = f"/api/v1/namespaces/{place.namespace}/pods"
        self._secrets = f"/api/v1/namespaces/{place.namespace}/secrets"
        self._template_hash = podspec.template_hash(place.template)
        self._routes = Routes(client, place.namespace)
        self._networks = Networks(client, place.namespace)

    def create_pod(self, pod: Pod) -> str:
        """Secret, pod, ownerReference: the other order costs a second of waiting for the volume."""
        if pod.template_hash != self._template_hash:
            raise StaleObject(f"{pod.pod_name} was reserved for another pod template than the present one")
        identity = manifests.Identity(pod.pod_name, pod.pool, pod.generation)
        secret = manifests.secret(identity, self._passwords())
        self._guarded.create(self._secrets, secret, pod.generation)
        body = podspec.pod(identity, self._place.template, pod.template_hash)
        uid = uid_of(self._guarded.create(self._pods, body, pod.generation))
        self._own_secret(pod.pod_name, uid, pod.generation)
        return uid

    def start_reset(self, old: PodRef, new_generation: int) -> None:
        """The Secret is what PID 1 obeys; the labels make the kubelet deliver it at once."""
        self._guarded.advance(
            self._secret(old.pod_name),
            [
                check("/metadata/ownerReferences/0/uid", old.uid),
                check("/metadata/labels/generation", str(old.generation)),
                put("/metadata/labels/generation", str(new_generation)),
                *(
                    put(f"/data/{key}", value)
                    for key, value in manifests.secret_data(new_generation, self._passwords()).items()
                ),
            ],
            new_generation,
        )
        operations = [put("/metadata/labels/generation", str(new_generation))]
        operations += state_operations(PodState.RESETTING, None)
        path = f"{self._pods}/{old.pod_name}"
        self._guarded.advance(path, [*same_pod(old), *operations], new_generation, old.uid)

    def label(self, ref: PodRef, state: PodState, clone_id: str | None) -> None:
        """Mirror the row's state for people, NetworkPolicies and autoscalers."""
        self._patch_pod(ref, state_operations(state, clone_id))

    def nudge(self, ref: PodRef) -> None:
        """Any change of the pod makes the kubelet sync it, and its volumes with it."""
        self._patch_pod(ref, [put(annotation_path(manifests.NUDGE_ANNOTATION), self._token())])

    def route(self, ref: PodRef, clone_id: str) -> None:
        """See the port. The pod must be the lease's own before the routes say so."""
        self._current(ref)
        self._routes.put(
            manifests.Route(
                clone_id=clone_id,
                host=f"{clone_id}.{self._place.domain}",
                pod_name=ref.pod_name,
                pod_uid=str(ref.uid),
                pool=self._place.pool,
                generation=ref.generation,
                ingress_class=self._place.ingress_class,
                ingress_annotations=self._place.ingress_annotations,
            )
        )

    def open_network(self, ref: PodRef, reach: Reach) -> Reach:
        """See the port. Of a lease that is over it selects nothing: the pod's labels have moved on."""
        self._current(ref)
        identity = manifests.Identity(ref.pod_name, self._place.pool, ref.generation)
        return self._networks.open(identity, str(ref.uid), reach)

    def opened(self, ref: PodRef) -> Reach | None:
        """See the port."""
        return self._networks.find(ref)

    def close(self, ref: PodRef) -> None:
        """See the port. The label first: it ends what any policy allows, all at once."""
        with suppress(StaleObject):
            self.label(ref, PodState.RESETTING, None)
        self.unroute(ref.pod_name, ref.generation)

    def unroute(self, pod_name: str, generation: int) -> None:
        """See the port."""
        self._networks.remove(pod_name, generation)
        self._routes.remove(pod_name, generation)

    def verify(self, ref: PodRef) -> Verdict:
        """See the port. A pod whose images the kubelet has not reported yet has not settled."""
        images = images_of(self._current(ref))
        verdict = self._agents.verify(ref)
        settled = verdict.settled and set(CONTAINERS) <= set(images)
        return replace(verdict, settled=settled, ok=verdict.ok and settled, images=images)

    def logs(self, ref: PodRef) -> dict[str, str]:
        """See the port."""
        self._current(ref)
        path = f"{self._pods}/{ref.pod_name}/log?tailLines={LOG_LINES}&limitBytes={MAX_LOG_BYTES}&container="
        try:
            return {name: self._client.text(path + name)[-LOG_BYTES:] for name in CONTAINERS}
        except Missing as gone:
            raise StaleObject(f"{ref.pod_name} has just gone") from gone

    def run_import(self, ref: PodRef, job: ImportJob, timeout_seconds: int) -> Iterator[ImportEvent]:
        """See the port. The import belongs to PID 1 of the pod, so that it outlives this stream."""
        template = self._place.template
        limits = ImportLimits(
            self._place.max_import_bytes, byte_count(template.docroot_size), byte_count(template.datadir_size)
        )
        return self._agents.follow_import(ref, job, timeout_seconds, limits)

    def outbound(self, ref: PodRef) -> Outbound:
        """See the port."""
        self._current(ref)
        return self._agents.outbound(ref)

    def delete_pod(self, ref: PodRef) -> None:
        """Closed first, so that nobody is sent to a pod that is going, and its site calls nobody any more."""
        found = self._find(ref)
        if found is None:
            ref = replace(ref, generation=ANY_GENERATION)
        elif uid_of(found) != ref.uid:
            return
        self.close(ref)
        if found is not None:
            self._guarded.delete(f"{self._pods}/{ref.pod_name}", ref)
        self._guarded.delete(self._secret(ref.pod_name), ref)

    def exists(self, ref: PodRef) -> bool:
        """See the port."""
        found = self._find(ref)
        return found is not None and ref.uid in (None, uid_of(found))

    def pods(self) -> list[ObservedPod]:
        """See the port."""
        return [observed(found) for found in self._client.items(self._pods, self._selector())]

    def strays(self) -> list[tuple[str, str, int]]:
        """See the port. Only metadata is asked for: no value of a Secret leaves the cluster."""
        paths = {"Secret": self._secrets, **self._routes.paths(), **self._networks.paths()}
        return [
            (kind, labels_of(found).get("pod-name", ""), generation_of(found))
            for kind, path in paths.items()
            for found in self._client.items(path, f"{self._selector()},pod-name", metadata_only=True)
        ]

    def _selector(self) -> str:
        return f"app={manifests.APP},pool={self._place.pool}"

    def _passwords(self) -> dict[str, str]:
        return {"db-password": self._token(), "root-password": self._token()}

    def _secret(self, pod_name: str) -> str:
        return f"{self._secrets}/{manifests.secret_name(pod_name)}"

    def _own_secret(self, pod_name: str, uid: str, generation: int) -> None:
        owned = put("/metadata/ownerReferences", [manifests.owner(pod_name, uid)])
        same = check("/metadata/labels/generation", str(generation))
        self._guarded.patch(self._secret(pod_name), [same, owned])

    def _patch_pod(self, ref: PodRef, operations: list[Json]) -> None:
        self._guarded.patch(f"{self._pods}/{ref.pod_name}", [*same_pod(ref), *operations])

    def _find(self, ref: PodRef) -> Json | None:
        return self._guarded.find(f"{self._pods}/{ref.pod_name}")

    def _current(self, ref: PodRef) -> Json:
        """The pod. Raises StaleObject unless it is there in exactly this generation."""
        found = self._find(ref)
        if found is None or uid_of(found) != ref.uid or generation_of(found) != ref.generation:
            raise StaleObject(f"{ref.pod_name} is gone, or not in generation {ref.generation}")
        return found
