"""Pods of the lab's own template, made, proved and reset through the Cluster port as the functions do it."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes.client import KubernetesClient
from clonepool.adapters.kubernetes.cluster import KubernetesCluster, Place
from clonepool.adapters.kubernetes.endpoint import kubeconfig_endpoint
from clonepool.adapters.kubernetes.exec import Executor
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash
from clonepool.adapters.resolver import NameserverResolver
from clonepool.domain.pods import Pod, PodRef, PodState
from clonepool.domain.reach import Destination, Reach, source_host, source_ports
from lab.cluster import net
from lab.paths import Paths

if TYPE_CHECKING:
    from clonepool.ports import Resolver

POOL = "bench"
SETTLE_SECONDS = 120
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of a pool that no function looks after."""

    cluster: KubernetesCluster
    template: PodTemplate
    resolver: Resolver

    @classmethod
    def of_lab(cls) -> Pods:
        """With the images, limits and rights of the lab's functions."""
        settings = Paths.from_environment().run / "functions.json"
        if not settings.exists():
            raise SystemExit("the lab is not up: run `make lab-up`")
        named = json.loads(settings.read_text())["parameters"]
        template = PodTemplate(
            named["WordpressImage"],
            named["MysqlImage"],
            cpu_request=named["CpuRequest"],
            pull_policy=named["ImagePullPolicy"],
        )
        endpoint = kubeconfig_endpoint(named["KubeconfigFile"])
        place = Place(net.NAMESPACE, POOL, net.CLONE_DOMAIN, template, named["IngressClass"])
        cluster = KubernetesCluster(KubernetesClient(endpoint), Executor(endpoint), place)
        return cls(cluster, template, NameserverResolver(named["Resolver"]))

    def new(self) -> PodRef:
        """A new pod, proved clean."""
        name = f"{POOL}-{secrets.token_hex(4)}"
        row = Pod(name, POOL, PodState.CREATING, 1, template_hash(self.template), 0, 0)
        ref = PodRef(name, self.cluster.create_pod(row), 1)
        self._prove(ref)
        return ref

    def reset(self, ref: PodRef) -> PodRef:
        """The pod in its next generation, proved clean."""
        self.cluster.start_reset(ref, ref.generation + 1)
        following = PodRef(ref.pod_name, ref.uid, ref.generation + 1)
        self._prove(following)
        return following

    def lease(self, ref: PodRef, clone_id: str, source_url: str) -> str:
        """Serve the pod under its address and let it call its source; says at which address.

        Raises NotFound when the source's name has none.
        """
        host = source_host(source_url)
        addresses = self.resolver.addresses(host)
        self.cluster.label(ref, PodState.READY, clone_id)
        self.cluster.open_network(ref, Reach(Destination(host, tuple(addresses), source_ports(source_url))))
        self.cluster.route(ref, clone_id)
        return addresses[0]

    def delete(self, ref: PodRef) -> None:
        """Remove the pod and wait until it is gone: a pod that dies takes time from what is measured next."""
        self.cluster.delete_pod(ref)
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.cluster.exists(ref):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{ref.pod_name} is still there")
            time.sleep(LOOK_SECONDS)

    def _prove(self, ref: PodRef) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while not (verdict := self.cluster.verify(ref)).settled:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{ref.pod_name} has not settled")
            time.sleep(LOOK_SECONDS)
        if not verdict.ok:
            raise RuntimeError(f"{ref.pod_name} is not clean: {verdict.findings}")
