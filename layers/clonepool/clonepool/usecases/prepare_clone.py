"""The worker: from a bound pod to a page that the customer can open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.clones import CloneState, Progress
from clonepool.domain.eta import of_import
from clonepool.domain.fidelity import of_source
from clonepool.domain.lease import serving_until
from clonepool.domain.pods import Failure, PodState
from clonepool.domain.transitions import gives_up_at
from clonepool.errors import ClusterUnavailable, ImportFailed, LostRace, StaleRow
from clonepool.usecases.describe_pool import start_counter
from clonepool.usecases.import_site import Imported, incomplete
from clonepool.usecases.patience import Budget, persistently
from clonepool.usecases.work import Work

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone, Source
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Leases, Pods, Pools, Sources
    from clonepool.usecases.find_pod import FindPod
    from clonepool.usecases.import_site import ImportSite
    from clonepool.usecases.keep_report import KeepReport
    from clonepool.usecases.mirror import Mirror
    from clonepool.usecases.open_network import OpenNetwork
    from clonepool.usecases.open_site import OpenSite

LABEL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class PrepareClone:
    """Open network and routes, import, look at the page as a visitor, READY; then follow the files that come.

    A QUEUED clone is helped to a pod instead.

    Runs once or many times, in workers and keepers, side by side: the agent imports once per generation, and
    everybody follows; READY is one conditional transaction.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    sources: Sources
    clock: Clock
    mirror: Mirror
    find_pod: FindPod
    open_network: OpenNetwork
    open_site: OpenSite
    import_site: ImportSite
    keep_report: KeepReport
    budget_seconds: float = 800

    def __call__(self, clone_id: str, lease_id: str) -> None:
        """Work on this lease as its row says now; a lease that is over has no effect.

        Raises:
            ClusterUnavailable, StoreBusy: for the asynchronous retry; the keeper is behind it.
        """
        clone = self.leases.get(clone_id)
        if clone is None or clone.lease_id != lease_id or not clone.live(self.clock.now()):
            return
        try:
            self._advance(clone)
        except LostRace:
            return

    def _advance(self, clone: Clone) -> None:
        if clone.state is CloneState.QUEUED:
            self.find_pod(clone)
        elif clone.state is CloneState.IMPORTING:
            self._prepare(clone)
        else:
            self._show(self._leased(clone, PodState.READY))
            self._follow_up(clone, Budget.of(self.clock, self.budget_seconds))

    def _prepare(self, clone: Clone) -> None:
        pod = self._leased(clone, PodState.ASSIGNED)
        work = self._work(clone, pod)
        try:
            ready = self._bring_up(work)
        except ImportFailed as failed:
            self.leases.fail(clone, Failure(failed.failure_code, failed.detail, self.clock.now()))
            self._count(clone, f"failed.{failed.failure_code}")
        else:
            self._follow_up(ready, work.budget)

    def _bring_up(self, work: Work) -> Clone:
        work.check_time()
        source = self._source(work.clone)
        work.report(replace(work.progress, phase="route", eta_seconds=of_import(source.last_durations_ms)))
        reach = self.open_network(work, source)
        self.open_site.route(work)
        imported = self.import_site(work, source, reach)
        served_ms = self.open_site.await_page(work)
        return self._serve(work, replace(imported, timings_ms={**imported.timings_ms, "serve": served_ms}))

    def _serve(self, work: Work, imported: Imported) -> Clone:
        now = self.clock.now()
        clone = self.leases.ready(
            replace(work.clone, progress=work.progress),
            now=now,
            expires_at=serving_until(work.clone, now),
            timings_ms=imported.timings_ms,
            fidelity=self.keep_report(work.clone, imported.fidelity),
        )
        self._show(self._leased(clone, PodState.READY))
        preflight = of_source(imported.fidelity, clone.progress)
        self.sources.imported(clone.customer_id, imported.timings_ms, preflight)
        self._count(clone, "ready")
        return clone

    def _follow_up(self, clone: Clone, budget: Budget) -> None:
        """Follow the rest until it is there or this run is over; who finds the deadline passed goes on.

        The agent brings it whether anybody looks or not, and what keeps it away is no failure of the clone.
        """
        if not clone.filling:
            return
        pod = self._leased(clone, PodState.READY)
        work = Work(self.leases, self.clock, clone, pod, clone.max_expires_at, budget, clone.progress)
        try:
            source = self._source(clone)
            rest = self.import_site.rest(work, source, self.open_network(work, source))
        except ImportFailed as failed:
            rest = Imported(fidelity=incomplete(failed.failure_code, failed.detail))
        except ClusterUnavailable:
            return
        self.leases.complete(
            replace(clone, progress=work.progress),
            now=self.clock.now(),
            timings_ms={**clone.timings_ms, **rest.timings_ms},
            fidelity=self.keep_report(clone, {**clone.fidelity, **rest.fidelity}),
        )

    def _show(self, pod: Pod) -> None:
        persistently(lambda: self.mirror(pod), Budget.of(self.clock, LABEL_SECONDS))

    def _count(self, clone: Clone, outcome: str) -> None:
        """Counted here, so that the claim itself is one write and no more."""
        counters = {start_counter(clone.start.kind, clone.start.reason): 1, outcome: 1}
        self.pools.note(clone.pool, "", self.clock.now(), counters)

    def _leased(self, clone: Clone, state: PodState) -> Pod:
        pod = self.pods.get(clone.pod_name) if clone.pod_name else None
        if pod is None or pod.lease_id != clone.lease_id or pod.state is not state:
            raise StaleRow(f"{clone.clone_id} no longer has its pod")
        return pod

    def _source(self, clone: Clone) -> Source:
        source = self.sources.get(clone.customer_id)
        if source is None:
            raise ImportFailed("source_refused", "The customer's source is no longer registered.")
        return source

    def _work(self, clone: Clone, pod: Pod) -> Work:
        pool = self.pools.get(clone.pool)
        if pool is None:
            raise StaleRow(f"pool {clone.pool} is gone")
        limit_at = gives_up_at(pod, pool.policy)
        budget = Budget.of(self.clock, self.budget_seconds)
        return Work(self.leases, self.clock, clone, pod, limit_at, budget, Progress(phase="claimed"))
