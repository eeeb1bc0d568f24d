"""A cluster of yours instead of the lab's own: KUBE_CONTEXT names a context of your kubeconfig (kind, EKS).

Same manifests, same roles; each function gets a token of a ServiceAccount that is bound to its role.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.cluster import net
from lab.cluster.commands import run
from lab.cluster.pki import kubeconfig, write_secret
from lab.errors import LabError
from lab.kubectl import Kubectl, command_of
from lab.paths import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.cluster.images import Image
    from lab.paths import Paths
    from lab.steps import Steps

MANIFESTS = CHECKOUT / "infra" / "kubernetes" / "external"
SYSTEM_NAMESPACE = "clonepool-system"
TOKEN_HOURS = 24
_KIND = "kind-"


@dataclass(frozen=True, slots=True)
class ExternalCluster:
    """The cluster behind a context.

    Attributes:
        registry: images are pushed there (`HOST/PATH`); empty: loaded into kind's nodes.
    """

    context: str
    registry: str
    paths: Paths
    steps: Steps

    def up(self) -> None:
        """Apply the manifests and write the functions' kubeconfig (its tokens last a day: `up` renews them).

        Raises:
            LabError: kubectl is missing or failed.
        """
        self.paths.create()
        with self.steps.step(f"namespace, roles, quota applied to {self.context}"):
            self._kubectl().run("apply", "-k", str(MANIFESTS))
        with self.steps.step("functions' credentials"):
            self._write_kubeconfigs()

    def load(self, images: Iterable[Image]) -> dict[str, str]:
        """Bring the images to the cluster; returns the reference that its nodes know, by our own.

        Raises:
            LabError: no way is known; the message names both.
        """
        return {image.ref: self._load(image) for image in images}

    def empty(self) -> None:
        """Remove pods, routes, Secrets and sources; namespaces, roles and quota stay. Raises LabError."""
        for namespace, app in ((net.NAMESPACE, net.CLONE_APP), (net.SOURCE_NAMESPACE, net.SOURCE_APP)):
            self._kubectl(namespace).remove(f"app={app}")

    def _kubectl(self, namespace: str = "") -> Kubectl:
        return Kubectl(namespace, command_of(self.paths, self.context))

    def _load(self, image: Image) -> str:
        if self.registry:
            target = f"{self.registry.rstrip('/')}/{image.ref.partition('/')[2]}"
            with self.steps.step(f"push {target}"):
                run("skopeo", "copy", f"docker-archive:{image.tar}", f"docker://{target}")
            return target
        if self.context.startswith(_KIND):
            with self.steps.step(f"load {image.ref} into kind"):
                name = self.context.removeprefix(_KIND)
                run("kind", "load", "image-archive", str(image.tar), "--name", name)
            return image.ref
        raise LabError(
            f"images cannot be loaded into {self.context} directly: set CLONEPOOL_REGISTRY=HOST/PATH to a "
            "registry that its nodes can pull from and that `skopeo login HOST` has opened to you"
        )

    def _write_kubeconfigs(self) -> None:
        text = self._kubectl().run("config", "view", "--minify", "--flatten", "--raw", "--output=json")
        write_secret(self.paths.kubeconfig(), text.encode())
        cluster = json.loads(text)["clusters"][0]["cluster"]
        content = kubeconfig(cluster, {name: self._token(name) for name in net.FUNCTIONS}, net.NAMESPACE)
        write_secret(self.paths.kubeconfig("functions"), json.dumps(content, indent=1).encode())

    def _token(self, function: str) -> dict[str, str]:
        account = (f"clonepool-{function}", f"--namespace={SYSTEM_NAMESPACE}", f"--duration={TOKEN_HOURS}h")
        return {"token": self._kubectl().run("create", "token", *account).strip()}
