"""The import itself runs in the pod; here it is started, followed, and its progress stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clonepool.domain.jobkey import derive_job_key, parse_export_key
from clonepool.domain.observed import ImportJob
from clonepool.errors import ClusterUnavailable, ImportFailed, InvalidKey, NotFound

if TYPE_CHECKING:
    from clonepool.domain.clones import Source
    from clonepool.domain.observed import ImportEvent
    from clonepool.ports import Cluster, Secrets
    from clonepool.usecases.work import Work


@dataclass(frozen=True, slots=True)
class Imported:
    """What the agent says at the end: milliseconds by phase, and how faithful the copy is."""

    timings_ms: dict[str, int] = field(default_factory=dict)
    fidelity: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportSite:
    """Start the import of a source into a leased pod, or follow the one that runs.

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

    def __call__(self, work: Work, source: Source) -> Imported:
        """Follow to the end, through broken streams.

        Raises:
            ImportFailed: for good. StaleRow, StaleObject: the lease is over. ClusterUnavailable: call again.
        """
        job = self._job(work, source)
        while True:
            try:
                if event := self._follow(work, job):
                    return _judged(event)
            except ClusterUnavailable:
                work.beat()
            work.pause(self.retry_seconds)

    def _follow(self, work: Work, job: ImportJob) -> ImportEvent | None:
        """The last event, or None if the stream ended without one."""
        seconds = max(1, int(min(work.budget.left, work.limit_at - work.clock.now())))
        for event in self.cluster.run_import(work.pod.ref, job, seconds):
            if event.result is not None:
                work.progress = event.progress  # stored with what becomes of the clone
                return event
            work.report(event.progress)
        return None

    def _job(self, work: Work, source: Source) -> ImportJob:
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
            allow_hosts=clone.allow_hosts,
        )


def _judged(event: ImportEvent) -> Imported:
    if event.result != "ok":
        raise ImportFailed(event.failure_code or "internal", event.detail or "The import failed.")
    return Imported(event.timings_ms, event.fidelity)
