"""Start and stop the cluster, from whatever state the machine is in."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lab.cluster import cgroups, files, mounts, net, network, pki
from lab.cluster.api import Api, answers
from lab.cluster.components import Component, components
from lab.cluster.images import Containerd, pause_archive
from lab.errors import LabError
from lab.kubectl import Kubectl, command_of
from lab.paths import CHECKOUT
from lab.process import Registry, marked, terminate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from lab.cluster.images import Image
    from lab.paths import Paths
    from lab.steps import Steps

MANIFESTS = CHECKOUT / "infra" / "kubernetes" / "lab"
POLL_SECONDS = 0.05
START_SECONDS = 90.0
MAX_HOME_LENGTH = 70  # socket paths end at 107 characters
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster under one folder."""

    paths: Paths
    registry: Registry
    steps: Steps

    @property
    def running(self) -> bool:
        """Whether a cluster is here that `up` would only mend: the holder of its mounts lives."""
        return self.registry.alive(mounts.ANCHOR)

    def refuse_if_taken(self) -> None:
        """Only one lab fits on a machine.

        Raises:
            LabError: another folder's lab is alive here. A dead one's remains are no obstacle.
        """
        if len(str(self.paths.home)) > MAX_HOME_LENGTH:
            raise LabError(
                f"{self.paths.home} is too long a path for sockets: set CLONEPOOL_LAB_DIR to a shorter one"
            )
        if owner := self._other_lab():
            raise LabError(
                f"another lab is running from {owner}. Stop it first: `make lab-down` in its checkout, "
                f"or CLONEPOOL_LAB_DIR={owner} python -m lab down"
            )

    def prepare(self, programs: Path) -> None:
        """Clear away an earlier run and make the ground for a new one.

        Ends every process of the lab, whatever it is: only for a cluster that is not `running`.
        """
        with self.steps.step("remains of an earlier run removed"):
            if (owner := network.owner()) is not None and owner != self.paths.home:
                self.steps.say(f"a dead lab of {owner} left its network behind")
            self.down()
        with self.steps.step("certificates, configuration, bridge, cgroups, mount namespace"):
            self.paths.create()
            pki.ensure(self.paths.pki, self.paths.conf)
            files.write(self.paths)
            pause_archive(programs / "pause", self.paths.conf / "pause.tar")
            network.set_up(self.paths)
            cgroups.set_up()
            mounts.set_up(self.paths, self.registry)

    def up(self, programs: Path) -> None:
        """Start what does not run; `prepare` comes first where nothing does."""
        wanted = components(self.paths, str(programs / "labkube"))
        with self.steps.step("control plane answers"):
            self._start(wanted[name] for name in ("etcd", "containerd", "apiserver"))
            self._await("apiserver", Api(self.paths).ready)
            self._await("containerd", lambda: answers(wanted["containerd"].health, Api(self.paths)))
        self._clear_runtime(wanted["containerd"])
        self._start(wanted[name] for name in ("controller-manager", "scheduler", "kubelet", "proxy"))
        with self.steps.step("namespace, roles, quota applied"):
            Kubectl("", command_of(self.paths, "")).run("apply", "-k", str(MANIFESTS))
        self._start((wanted["policy"], wanted["ingress"], wanted["dns"]))
        with self.steps.step("node ready, all parts healthy"):
            self._await_ready(wanted)

    def load(self, images: Iterable[Image]) -> None:
        """Import images that are not here yet."""
        for image in images:
            began = time.monotonic()
            if Containerd(self.paths).load(image.ref, image.tar):
                self.steps.say(f"imported {image.ref} in {time.monotonic() - began:.1f} s")

    def prune(self, images: Sequence[Image]) -> None:
        """Remove former versions of the images; only before there are pods, which may need them again."""
        Containerd(self.paths).prune(image.ref for image in images)

    def down(self) -> None:
        """End every process and remove all but images, certificates and logs. Repeating is harmless."""
        if self._other_lab():
            terminate(marked(self.paths.home))  # network and cgroups are the other one's
        else:
            self._end_processes()
            network.take_down(self.paths)
            cgroups.take_down()
        mounts.take_down(self.paths)
        shutil.rmtree(self.paths.data, ignore_errors=True)
        shutil.rmtree(self.paths.run, ignore_errors=True)

    def leftovers(self) -> list[str]:
        """What `down` should have removed and has not, in words."""
        own = [*(f"process {pid}" for pid in marked(self.paths.home)), *mounts.leftovers(self.paths)]
        if self._other_lab():
            return own
        return [*own, *(f"process {pid}" for pid in cgroups.processes()), *network.leftovers()]

    def health(self) -> dict[str, tuple[int | None, int | None, bool]]:
        """For each part: process id, epoch seconds of its start, and whether it works."""
        api = Api(self.paths) if (self.paths.pki / pki.COMPLETE).exists() else None
        result: dict[str, tuple[int | None, int | None, bool]] = {}
        for component in components(self.paths, "labkube").values():
            process = self.registry.get(component.name)
            if process is None or not process.alive or api is None:
                result[component.name] = (None, None, False)
            else:
                result[component.name] = (process.pid, process.since, answers(component.health, api))
        return result

    def _other_lab(self) -> Path | None:
        """The folder of another lab that is alive on this machine."""
        owner = network.owner()
        return owner if owner is not None and owner != self.paths.home and marked(owner) else None

    def _clear_runtime(self, containerd: Component) -> None:
        """Containers of a cluster that is gone would be adopted by the new one: it must not see them."""
        runtime = Containerd(self.paths)
        runtime.load(net.PAUSE_IMAGE, self.paths.conf / "pause.tar")
        if self.registry.get("kubelet") is not None or not runtime.remove_containers():
            return
        self.registry.stop(["containerd"], grace_seconds=5)
        shutil.rmtree(self.paths.containerd / "io.containerd.grpc.v1.cri", ignore_errors=True)
        self._start([containerd])
        self._await("containerd", lambda: answers(containerd.health, Api(self.paths)))

    def _start(self, wanted: Iterable[Component]) -> None:
        anchor = self.registry.get(mounts.ANCHOR)
        for component in wanted:
            process = self.registry.get(component.name)
            if process is not None and process.alive:
                if process.command == component.command:
                    continue
                self.registry.stop([component.name], grace_seconds=5)  # of an older program
            within = anchor.pid if component.mounts and anchor else None
            self.registry.start(component.name, component.command, within=within)

    def _await_ready(self, wanted: dict[str, Component]) -> None:
        api = Api(self.paths)
        self._await("kubelet", api.node_ready)
        account = f"/api/v1/namespaces/{net.NAMESPACE}/serviceaccounts/default"
        self._await("controller-manager", lambda: api.exists(account))
        for component in wanted.values():
            self._await(component.name, partial(answers, component.health, api))

    def _await(self, name: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if not self.registry.alive(name):
                raise LabError(f"{name} ended.{self._tail(name)}")
            if time.monotonic() > deadline:
                raise LabError(f"{name} is not ready after {START_SECONDS:.0f} s.{self._tail(name)}")
            time.sleep(POLL_SECONDS)

    def _tail(self, name: str) -> str:
        log = self.paths.log(name)
        lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:] if log.exists() else []
        return "\n".join([f" The end of {log}:", *lines, "Then: `python -m lab down`, and `up` again."])

    def _end_processes(self) -> None:
        """Containers first, while containerd can still forget them tidily; then all that carries our mark."""
        names = [name for name in components(self.paths, "labkube") if name != "containerd"]
        self.registry.stop(names)
        terminate(cgroups.processes())
        if self.registry.alive("containerd"):
            try:
                Containerd(self.paths).remove_containers()
            except LabError as error:
                self.steps.say(
                    f"containerd does not let go of its containers, they go with the next start: {error}"
                )
            self.registry.stop(["containerd"], grace_seconds=5)
        terminate([*marked(self.paths.home), *cgroups.processes()])
