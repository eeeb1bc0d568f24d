"""A cluster in memory, guarded by uid and generation like the real one, and scriptable."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clonepool.domain.clones import Progress
from clonepool.domain.observed import ImportEvent, ImportJob, ObservedPod, Verdict
from clonepool.domain.outbound import Attempt, Outbound
from clonepool.domain.pods import STATUS_LABEL, Pod, PodRef, PodState
from clonepool.errors import ClusterUnavailable, NotFound, StaleObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clonepool.domain.reach import Reach
    from clonepool.ports import Clock

IMAGES = {"wordpress": "sha256:aa", "mysql": "sha256:bb"}
IMPORTED = ImportEvent(Progress("done", 100), "ok", timings_ms={"database": 900}, fidelity={"tables": 12})


@dataclass
class PodObject:
    """A pod as the cluster has it.

    Attributes:
        wanted: generation in the Secret; `restored`: what PID 1 has restored; they differ while it works.
        site: whose data lies in the volumes, None when pristine.
        asked: how often the verifier was asked about the wanted generation.
    """

    name: str
    uid: str
    generation: int
    wanted: int
    created_at: int
    restored: int = 0
    status: str = STATUS_LABEL[PodState.CREATING]
    clone_id: str | None = None
    site: str | None = None
    asked: int = 0
    phase: str = "Running"
    restarts: int = 0
    stopped: int = 0
    nudges: int = 0


@dataclass
class Script:
    """How the cluster behaves.

    Attributes:
        settle_after: how many questions the verifier answers with "not yet"; -1 is for ever.
        findings: what the verifier finds in a pod, by name.
        leaky: pods whose reset leaves the last site behind.
        imports: events of each import, by clone id.
        down: the next so many calls raise ClusterUnavailable; -1 is until told otherwise.
        before: called with the name of each method before it does anything.
    """

    settle_after: int = 1
    findings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    leaky: set[str] = field(default_factory=set)
    imports: dict[str, list[ImportEvent]] = field(default_factory=dict)
    down: int = 0
    before: Callable[[str], None] | None = None


class FakeCluster:
    """See `clonepool.ports.Cluster`."""

    def __init__(self, clock: Clock, script: Script | None = None) -> None:
        self.clock = clock
        self.script = script or Script()
        self.lock = threading.RLock()
        self.objects: dict[str, PodObject] = {}
        self.secrets: dict[str, int] = {}
        self.routes: dict[str, tuple[str, int]] = {}
        self.networks: dict[tuple[str, int], Reach] = {}
        self.jobs: list[ImportJob] = []  # of each command
        self.started: list[tuple[str, int]] = []  # imports: one a generation, other commands follow
        self.imported: set[tuple[str, int]] = set()
        self.attempts: dict[str, list[Attempt]] = {}  # of the site in a pod, until it is reset
        self._uids = 0

    def create_pod(self, pod: Pod) -> str:
        with self._call("create_pod"):
            if self.secrets.setdefault(pod.pod_name, pod.generation) != pod.generation:
                raise StaleObject(f"{pod.pod_name} is of generation {self.secrets[pod.pod_name]}")
            there = self.objects.get(pod.pod_name)
            if there is None:
                self._uids += 1
                there = PodObject(
                    pod.pod_name, f"uid-{self._uids}", pod.generation, pod.generation, self.clock.now()
                )
                self.objects[pod.pod_name] = there
            if there.generation != pod.generation:
                raise StaleObject(f"{pod.pod_name} is of generation {there.generation}")
            return there.uid

    def start_reset(self, old: PodRef, new_generation: int) -> None:
        with self._call("start_reset"):
            pod = self._owned(old, {old.generation, new_generation})
            if pod.wanted != new_generation:
                pod.wanted, pod.asked = new_generation, 0
                self.attempts.pop(pod.name, None)
                self.secrets[pod.name] = new_generation
            pod.generation, pod.status, pod.clone_id = new_generation, "resetting", None

    def label(self, ref: PodRef, state: PodState, clone_id: str | None) -> None:
        with self._call("label"):
            pod = self._owned(ref, {ref.generation})
            pod.status, pod.clone_id = STATUS_LABEL[state], clone_id

    def nudge(self, ref: PodRef) -> None:
        with self._call("nudge"):
            self._owned(ref, {ref.generation}).nudges += 1

    def route(self, ref: PodRef, clone_id: str) -> None:
        with self._call("route"):
            self._owned(ref, {ref.generation})
            holder, generation = self.routes.get(clone_id, (ref.pod_name, 0))
            if holder == ref.pod_name and generation > ref.generation:
                raise StaleObject(f"{clone_id} is routed to generation {generation}")
            other = self.objects.get(holder)
            if holder != ref.pod_name and other and other.clone_id == clone_id:
                raise StaleObject(f"{clone_id} is routed to {holder}")
            self.routes[clone_id] = (ref.pod_name, ref.generation)

    def open_network(self, ref: PodRef, reach: Reach) -> Reach:
        with self._call("open_network"):
            self._owned(ref, {ref.generation})
            return self.networks.setdefault((ref.pod_name, ref.generation), reach)

    def opened(self, ref: PodRef) -> Reach | None:
        with self._call("opened"):
            return self.networks.get((ref.pod_name, ref.generation))

    def close(self, ref: PodRef) -> None:
        with self._call("close"):
            with suppress(StaleObject):
                pod = self._owned(ref, {ref.generation})
                pod.status, pod.clone_id = STATUS_LABEL[PodState.RESETTING], None
            self._unroute(ref.pod_name, ref.generation)

    def unroute(self, pod_name: str, generation: int) -> None:
        with self._call("unroute"):
            self._unroute(pod_name, generation)

    def verify(self, ref: PodRef) -> Verdict:
        with self._call("verify"):
            pod = self._owned(ref, {ref.generation})
            pod.asked += 1
            if pod.restored != pod.wanted and 0 <= self.script.settle_after < pod.asked:
                pod.restored = pod.wanted
                pod.site = pod.site if pod.name in self.script.leaky else None
            if pod.restored != ref.generation:
                return Verdict(settled=False, ok=False, generation=ref.generation)
            findings = self.script.findings.get(pod.name, ())
            if pod.site:
                findings = (*findings, f"data of {pod.site}")
            checks = {"wordpress.files": {"ok": not findings, "count": 3121}}
            return Verdict(True, not findings, pod.restored, 2400, checks, findings, IMAGES)

    def logs(self, ref: PodRef) -> dict[str, str]:
        with self._call("logs"):
            self._owned(ref, {ref.generation})
            return dict.fromkeys(IMAGES, "a line")

    def run_import(self, ref: PodRef, job: ImportJob, timeout_seconds: int) -> Iterator[ImportEvent]:
        with self._call("run_import"):
            pod = self._agent(ref)
            opened = self.networks[ref.pod_name, ref.generation]
            assert job.source_addresses == opened.source.addresses, "the pod reaches what the job names"
            self.jobs.append(job)
            if (ref.pod_name, ref.generation) not in self.started:
                self.started.append((ref.pod_name, ref.generation))
                pod.site = job.clone_id
        for event in self.script.imports.get(job.clone_id, [IMPORTED]):
            with self._call("run_import.line"):
                self._agent(ref)
                if event.result == "ok":
                    self.imported.add((ref.pod_name, ref.generation))
            yield event

    def outbound(self, ref: PodRef) -> Outbound:
        with self._call("outbound"):
            self._agent(ref)
            return Outbound(self.clock.now(), tuple(self.attempts.get(ref.pod_name, ())))

    def delete_pod(self, ref: PodRef) -> None:
        with self._call("delete_pod"):
            there = self.objects.get(ref.pod_name)
            if there and there.uid != ref.uid:
                return
            if there and there.generation > ref.generation:
                raise StaleObject(f"{ref.pod_name} is of generation {there.generation}")
            self.objects.pop(ref.pod_name, None)
            self.secrets.pop(ref.pod_name, None)
            self._unroute(ref.pod_name, max(ref.generation, 1 << 30))

    def exists(self, ref: PodRef) -> bool:
        with self._call("exists"):
            there = self.objects.get(ref.pod_name)
            return there is not None and ref.uid in (None, there.uid)

    def pods(self) -> list[ObservedPod]:
        with self._call("pods"):
            return [
                ObservedPod(
                    p.name, p.uid, p.generation, p.status, p.phase, False, p.created_at, p.restarts, p.stopped
                )
                for p in self.objects.values()
            ]

    def strays(self) -> list[tuple[str, str, int]]:
        with self._call("strays"):
            secrets = [("Secret", name, generation) for name, generation in self.secrets.items()]
            networks = [("NetworkPolicy", name, generation) for name, generation in self.networks]
            routes = [("Ingress", name, generation) for name, generation in self.routes.values()]
            return secrets + routes + networks

    def lose(self, pod_name: str) -> None:
        """The node takes the pod away."""
        with self.lock:
            self.objects.pop(pod_name, None)

    def page_of(self, clone_id: str) -> str | None:
        """What a visitor of this clone sees: whose site, or None if nothing answers."""
        with self.lock:
            pod_name, generation = self.routes.get(clone_id, ("", 0))
            pod = self.objects.get(pod_name)
            if pod is None or pod.generation != generation:
                return None
            return pod.site

    def _unroute(self, pod_name: str, generation: int) -> None:
        for clone_id, route in list(self.routes.items()):
            if route[0] == pod_name and route[1] <= generation:
                del self.routes[clone_id]
        for name, opened in list(self.networks):
            if name == pod_name and opened <= generation:
                del self.networks[name, opened]

    def _owned(self, ref: PodRef, generations: set[int]) -> PodObject:
        pod = self.objects.get(ref.pod_name)
        if pod is None or pod.uid != ref.uid or pod.generation not in generations:
            raise StaleObject(f"{ref.pod_name} is gone, or not of generation {ref.generation}")
        return pod

    def _agent(self, ref: PodRef) -> PodObject:
        """The agent refuses commands for another generation than the one PID 1 has restored."""
        pod = self._owned(ref, {ref.generation})
        if pod.restored != ref.generation or pod.wanted != ref.generation:
            raise StaleObject(f"the agent refuses generation {ref.generation}")
        return pod

    def _call(self, name: str) -> threading.RLock:
        if self.script.before:
            self.script.before(name)
        with self.lock:
            if self.script.down:
                self.script.down -= 1 if self.script.down > 0 else 0
                raise ClusterUnavailable("The cluster is down.")
        return self.lock


class FakeWeb:
    """Serves what the routes lead to."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.broken: set[str] = set()

    def status(self, clone_id: str, path: str = "/", access_token: str | None = None) -> int:
        if clone_id in self.broken:
            return 500
        job = next((job for job in reversed(self.cluster.jobs) if job.clone_id == clone_id), None)
        if job and job.access_token not in (None, access_token):
            return 403
        return 200 if self.cluster.page_of(clone_id) == clone_id else 503


class FakeResolver:
    """Every name has one public address, unless `names` says otherwise."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.asked: list[str] = []

    def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        found = self.names.get(host, ["93.184.215.14"])
        if not found:
            raise NotFound(f"{host} does not resolve")
        return found


class FakeSecrets:
    """See `clonepool.ports.Secrets`."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}

    def put_source_key(self, customer_id: str, key: str) -> str:
        arn = f"arn:aws:secretsmanager:eu-central-1:000000000000:secret:{customer_id}"
        self.keys[arn] = key
        return arn

    def lease_secret(self) -> str:
        return "the secret of all leases"

    def get_source_key(self, key_arn: str) -> str:
        if key_arn not in self.keys:
            raise NotFound("There is no such key.")
        return self.keys[key_arn]
