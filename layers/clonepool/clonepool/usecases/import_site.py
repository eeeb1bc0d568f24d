"""The import itself runs in the pod; here it is started, followed, and its progress stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import CloneState
from clonepool.domain.jobkey import derive_job_key, parse_export_key
from clonepool.domain.leasekeys import lease_key
from clonepool.domain.observed import ImportJob
from clonepool.errors import ClusterUnavailable, ImportFailed, InvalidKey, NotFound
from clonepool.usecases.open_doors import AccessToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Source
    from clonepool.domain.observed import ImportEvent
    from clonepool.domain.reach import Reach
    from clonepool.ports import Cluster, Secrets
    from clonepool.usecases.work import Work


@dataclass(frozen=True, slots=True)
class Imported:
    """What the agent says, once the clone is usable and at the end: milliseconds by phase, and fidelity."""

    timings_ms: dict[str, int] = field(default_factory=dict)
    fidelity: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportSite:
    """Start the import of a source into a leased pod, or follow the one that runs.

    It has two ends: the clone is usable once database, code and theme are there; then uploads follow.

    Attributes:
        domain: clones are served at https://{clone_id}.{domain}.
        namespace: of the pods, for the name inside the cluster.
    """

    cluster: Cluster
    secrets: Secrets
    domain: str
    namespace: str
    allow_private_sources: bool = False
    retry_seconds: float = 0.5

    def __call__(self, work: Work, source: Source, reach: Reach) -> Imported:
        """Follow until the clone is usable, through broken streams.

        Raises:
            ImportFailed: for good. StaleRow, StaleObject: the lease is over. ClusterUnavailable: call again.
        """
        return _judged(self._until(work, source, reach, lambda event: event.progress.usable))

    def rest(self, work: Work, source: Source, reach: Reach) -> Imported:
        """Follow the files of a READY clone until they are there, or the agent has given them up.

        Raises: as above; ImportFailed only if the source's key is gone.
        """
        event = self._until(work, source, reach, lambda _event: False)
        if event.result == "ok":
            return Imported(event.timings_ms, event.fidelity)
        return Imported(event.timings_ms, incomplete(event.failure_code or "internal", event.detail))

    def _until(
        self, work: Work, source: Source, reach: Reach, enough: Callable[[ImportEvent], bool]
    ) -> ImportEvent:
        job = self._job(work, source, reach)
        while True:
            try:
                if event := self._follow(work, job, enough):
                    return event
            except ClusterUnavailable:
                work.beat()
            work.pause(self.retry_seconds)

    def _follow(
        self, work: Work, job: ImportJob, enough: Callable[[ImportEvent], bool]
    ) -> ImportEvent | None:
        """The last event, or the first that is enough; None if the stream ended without one."""
        seconds = max(1, int(min(work.budget.left, work.limit_at - work.clock.now())))
        for event in self.cluster.run_import(work.pod.ref, job, seconds):
            if event.result is not None or enough(event):
                work.progress = event.progress  # stored with what becomes of the clone
                return event
            work.report(event.progress)
        return None

    def _job(self, work: Work, source: Source, reach: Reach) -> ImportJob:
        clone, generation = work.clone, work.pod.generation
        try:
            key = parse_export_key(self.secrets.get_source_key(source.key_arn))
        except (NotFound, InvalidKey) as error:
            raise ImportFailed(
                "source_refused", "The source's export key is missing; register it again."
            ) from error
        return ImportJob(
            clone_id=clone.clone_id,
            generation=generation,
            source_url=source.url,
            key_id=key.key_id,
            job_key=derive_job_key(key, clone.clone_id, generation, clone.expires_at),
            expires_at=clone.expires_at,
            public_url=f"https://{clone.clone_id}.{self.domain}",
            internal_host=f"{clone.clone_id}.{self.namespace}.svc.cluster.local",
            allow_private_source=self.allow_private_sources,
            backfill=clone.state is CloneState.READY,
            source_addresses=reach.source.addresses,
            allowed_addresses={one.host: one.addresses for one in reach.allowed},
            access_token=AccessToken(self.secrets)(clone),
            login_key=lease_key(self.secrets.lease_secret(), "login", clone.lease_id),
            allow_hosts=clone.allow_hosts,
        )


def incomplete(code: str, detail: str) -> dict[str, Any]:
    """What a report says of files that never came."""
    return {"complete": False, "incomplete": {"code": code, "detail": detail or "The import ended early."}}


def _judged(event: ImportEvent) -> Imported:
    if event.result != "ok" and not event.progress.usable:
        raise ImportFailed(event.failure_code or "internal", event.detail or "The import failed.")
    return Imported(event.timings_ms, event.fidelity)
