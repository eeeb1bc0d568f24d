"""Pods of the lab's own template, made, proved and reset through the Cluster port as the functions do it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from clonepool.adapters.kubernetes.client import KubernetesClient
from clonepool.adapters.kubernetes.cluster import KubernetesCluster, Place
from clonepool.adapters.kubernetes.endpoint import kubeconfig_endpoint
from clonepool.adapters.kubernetes.exec import Executor
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash
from clonepool.domain.pods import Pod, PodRef, PodState
from lab.cluster import net
from lab.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = "bench"
SETTLE_SECONDS = 120
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of a pool that no function looks after."""

    cluster: KubernetesCluster
    template: PodTemplate

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
        return cls(KubernetesCluster(KubernetesClient(endpoint), Executor(endpoint), place), template)

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


def kubectl(
    *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | int = subprocess.PIPE
) -> bytes:
    """Run the lab's kubectl and return what it printed. Raises RuntimeError with its complaint."""
    paths = Paths.from_environment()
    program = next(paths.bin.glob("*/labkube"))
    done = subprocess.run(
        [program, "kubectl", *arguments],
        env={**os.environ, "KUBECONFIG": str(paths.kubeconfig())},
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        complaint = done.stderr.decode(errors="replace")[-2000:]
        raise RuntimeError(f"kubectl {' '.join(arguments[:6])}: {complaint}")
    return done.stdout or b""


def execute(
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
) -> bytes:
    """Run a command in a container; files are streamed in and out."""
    interactive = ("--stdin",) if stdin else ()
    where = (f"--namespace={namespace}", "exec", *interactive, pod, f"--container={container}")
    return kubectl(*where, "--", *command, stdin=stdin, stdout=stdout)
