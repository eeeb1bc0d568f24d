"""The lab as a whole: up, down, and what `env` tells."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab import settings
from lab.cluster import binary, net
from lab.cluster.cluster import Cluster
from lab.errors import LabError
from lab.external import ExternalCluster
from lab.images import build as build_images
from lab.images.commands import CommandFailed
from lab.kubectl import Kubectl, command_of, context_here
from lab.paths import Paths
from lab.process import MARK, Registry, marked, terminate
from lab.services import API_URL, DYNAMODB_URL, Services
from lab.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.images import Image

_TOOLS = (
    "containerd",
    "runc",
    "ip",
    "iptables",
    "nft",
    "zstd",
    "nsenter",
    "buildah",
    "mmdebstrap",
    "java",
    "npm",
)
_MACHINES_LOCK = Path("/run/lock/clonepool-lab")


@dataclass(frozen=True, slots=True)
class Lab:
    """Everything under one folder, on the lab's own cluster or on that of KUBE_CONTEXT."""

    paths: Paths
    steps: Steps
    context: str = ""

    @classmethod
    def here(cls) -> Lab:
        """The lab that the environment names."""
        return cls(Paths.from_environment(), Steps(), context_here())

    @property
    def registry(self) -> Registry:
        """Its processes."""
        return Registry(self.paths.run / "pids", self.paths.logs, self.paths.home)

    @property
    def cluster(self) -> Cluster:
        """Its own cluster."""
        return Cluster(self.paths, self.registry, self.steps)

    @property
    def services(self) -> Services:
        """What AWS is to the functions."""
        return Services(self.paths, self.registry, self.steps)

    def up(self, overrides: dict[str, str]) -> None:
        """Start what does not run yet.

        Raises:
            LabError: says why not and what to do.
        """
        with self.locked():
            self._refuse_other_cluster()
            os.environ[MARK] = str(self.paths.home)  # whatever we start from here on is found again by it
            images = self._external_up() if self.context else self._own_up()
            parameters = settings.parameters(self.paths, images, overrides, own_cluster=not self.context)
            self.services.start_functions(parameters)
            self._write_environment(parameters)
        self.steps.say(f"up after {self.steps.total():.1f} s: {API_URL}")

    def cluster_up(self) -> None:
        """Start the lab's own cluster alone, for tests that need no more. Raises LabError."""
        with self.locked():
            self._refuse_other_cluster()
            self._check_machine()
            self.cluster.refuse_if_taken()
            self.paths.create()
            programs = binary.ensure(self.paths, self.steps)
            if not self.cluster.running:
                self.cluster.prepare(programs)
            self.cluster.up(programs)
        self.steps.say(f"up after {self.steps.total():.1f} s: KUBECONFIG={self.paths.kubeconfig()}")

    def down(self) -> None:
        """End and remove everything but images, certificates, logs. Raises LabError if something remains."""
        with self.locked():
            self._environment_file().unlink(missing_ok=True)
            with self.steps.step("functions and stores stopped"):
                self.services.down()
            if context := self._context_of_up():
                self._external_down(context)
            else:
                self._own_down()

    def wipe(self) -> None:
        """`down`, and the folder too. The cache stays."""
        self.down()
        with self.steps.step(f"{self.paths.home} removed"):
            shutil.rmtree(self.paths.home)

    def variables(self) -> dict[str, str]:
        """Where what runs is reached, by the name of each environment variable.

        Raises:
            LabError: nothing does.
        """
        try:
            values: dict[str, str] = json.loads(self._environment_file().read_text())
        except OSError:
            raise LabError("the lab is not up: run `make lab-up`") from None
        return values

    def environment(self) -> str:
        """The variables as shell exports. Raises LabError."""
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in self.variables().items())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time on this machine: they share network and ports. The second waits."""
        self.paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _MACHINES_LOCK.exists():
            _MACHINES_LOCK.touch()
        with _MACHINES_LOCK.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.steps.say("another `lab up` or `lab down` runs on this machine: waiting for it")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _own_up(self) -> dict[str, str]:
        self._check_machine()
        self.paths.create()
        self.cluster.refuse_if_taken()
        programs, images = self._build()
        fresh = not self.cluster.running
        if fresh:
            self.services.down()  # rows of pods that are no more
            self.cluster.prepare(programs)
        fresh_tables = self.services.tables_are_new
        self._together(lambda: self.cluster.up(programs), self.services.start_stores)
        if fresh_tables:
            self._remove_orphans()
        with self.steps.step("images in the container runtime"):
            if fresh:
                self.cluster.prune(images)
            self.cluster.load(images)
        return {image.name: image.ref for image in images}

    def _own_down(self) -> None:
        with self.steps.step("cluster stopped, network, mounts and cgroups removed"):
            self.cluster.down()
        if leftovers := self.cluster.leftovers():
            raise LabError("still there: " + "; ".join(leftovers))

    def _external_up(self) -> dict[str, str]:
        cluster = self._external(self.context)
        cluster.up()
        self._context_file().write_text(self.context)
        fresh_tables = self.services.tables_are_new
        self.services.start_stores()
        if fresh_tables:
            self._remove_orphans()
        images = self._build_images()
        references = cluster.load(images)
        return {image.name: references[image.ref] for image in images}

    def _external_down(self, context: str) -> None:
        terminate(marked(self.paths.home))
        try:
            with self.steps.step(f"pods, routes, Secrets and sources removed from {context}"):
                self._external(context).empty()
        except LabError as error:
            gone = f"If that cluster is gone for good, remove {self._context_file()}, and run this again."
            raise LabError(f"{error}\n{gone}") from error
        shutil.rmtree(self.paths.run, ignore_errors=True)
        self._context_file().unlink(missing_ok=True)

    def _external(self, context: str) -> ExternalCluster:
        return ExternalCluster(context, os.environ.get("CLONEPOOL_REGISTRY", ""), self.paths, self.steps)

    def _refuse_other_cluster(self) -> None:
        """Rows and pods belong together."""
        known = self._context_of_up()
        if known != self.context and (known or self.cluster.running):
            raise LabError(f"the lab is up on {known or 'its own cluster'}: run `make lab-down` first")

    def _context_of_up(self) -> str:
        """The context whose cluster `up` has used and `down` has not emptied yet; empty: the lab's own."""
        file = self._context_file()
        return file.read_text() if file.exists() else ""

    def _context_file(self) -> Path:
        return self.paths.home / "context"

    def _build(self) -> tuple[Path, list[Image]]:
        """Both builds side by side: each is slow only when its cache is cold."""
        with ThreadPoolExecutor(2) as pool:
            programs = pool.submit(binary.ensure, self.paths, self.steps)
            images = pool.submit(self._build_images)
            return programs.result(), images.result()

    def _together(self, *actions: Callable[[], None]) -> None:
        with ThreadPoolExecutor(len(actions)) as pool:
            for running in [pool.submit(action) for action in actions]:
                running.result()

    def _build_images(self) -> list[Image]:
        try:
            return build_images(self.steps.say)
        except CommandFailed as error:
            raise LabError(f"building the images failed: {error}") from error

    def _remove_orphans(self) -> None:
        """Pods whose rows went with the last DynamoDB: nobody would ever hand them out."""
        clones = Kubectl(net.NAMESPACE, command_of(self.paths, self.context))
        clones.remove(f"app={net.CLONE_APP}", wait=False)

    def _check_machine(self) -> None:
        if os.geteuid() != 0:
            raise LabError("the lab needs root: it makes namespaces, cgroups and a bridge. Use sudo")
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing:
            raise LabError(f"{', '.join(missing)} missing: run lab/setup.sh")

    def _environment_file(self) -> Path:
        return self.paths.home / "environment.json"

    def _write_environment(self, parameters: dict[str, str]) -> None:
        values = {
            "CLONEPOOL_API_URL": API_URL,
            "CLONEPOOL_INGRESS": parameters["IngressAddress"],
            "CLONEPOOL_DOMAIN": parameters["Domain"],
            "KUBECONFIG": str(self.paths.kubeconfig()),
            "CLONEPOOL_DYNAMODB_URL": DYNAMODB_URL,
            **({"KUBE_CONTEXT": self.context} if self.context else {}),
        }
        self._environment_file().write_text(json.dumps(values, indent=1))
