"""Clones and leases in memory, atomic under one lock."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import Clone, CloneState, Lease, Progress
from clonepool.domain.lease import completed, importing, next_look_at, served
from clonepool.domain.pods import Evidence, Failure, Pod, PodState, Proof
from clonepool.domain.transitions import to_assigned
from clonepool.errors import CloneExists, InvalidRequest, PodTaken, SourceNotRegistered, StaleRow

if TYPE_CHECKING:
    from clonepool.domain.outbound import Outbound
    from tests.fakes.tables import Tables


class FakeLeases:
    """See `clonepool.ports.Leases`."""

    def __init__(self, tables: Tables) -> None:
        self._t = tables

    def claim(self, pod: Pod, clone: Clone, now: int) -> None:
        with self._t.lock:
            self._registered(clone)
            self._absent(clone)
            self._claimable(pod)
            self._bind(pod, clone, now)

    def queue(self, clone: Clone) -> None:
        with self._t.lock:
            self._registered(clone)
            self._absent(clone)
            self._t.put_clone(clone)
            waiting = Lease(None, None, clone.clone_id, clone.customer_id, clone.lease_id, clone.created_at)
            self._t.leases[f"queued:{clone.lease_id}", 0] = waiting

    def bind(self, pod: Pod, clone: Clone, now: int) -> Clone:
        with self._t.lock:
            row = self._row(clone, {CloneState.QUEUED})
            if row.expired(now):
                raise StaleRow(clone.clone_id)
            if pod.state is PodState.WARM:
                self._claimable(pod)
            else:
                self._same(pod)
            bound = importing(clone, pod)
            self._bind(pod, bound, now)
            return bound

    def get(self, clone_id: str) -> Clone | None:
        return self._t.clones.get(clone_id)

    def of_customer(
        self, customer_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Clone], str | None]:
        with self._t.lock:
            mine = [c for c in self._t.clones.values() if c.customer_id == customer_id]
        mine.sort(key=lambda c: (c.created_at, c.clone_id), reverse=True)
        start = _offset(cursor)
        page = mine[start : start + limit]
        return page, (str(start + limit) if len(mine) > start + limit else None)

    def count_live(self, customer_id: str, now: int) -> int:
        return sum(c.live(now) for c in self._all() if c.customer_id == customer_id)

    def queued(self, pool: str, now: int, limit: int = 25) -> list[Clone]:
        waiting = [
            c for c in self._all() if c.pool == pool and c.state is CloneState.QUEUED and not c.expired(now)
        ]
        return sorted(waiting, key=lambda c: (c.created_at, c.clone_id))[:limit]

    def expired(self, now: int, limit: int = 100) -> list[Clone]:
        return sorted((c for c in self._all() if c.expired(now)), key=lambda c: c.expires_at)[:limit]

    def progress(self, clone: Clone, progress: Progress, deadline_at: int) -> None:
        with self._t.lock:
            row = self._row(clone, {_importing(clone)})
            pod = self._leased(clone)
            eta_seconds = None if row.state is CloneState.READY else progress.eta_seconds
            self._t.put_clone(replace(row, progress=progress, eta_seconds=eta_seconds))
            self._t.put_pod(replace(pod, deadline_at=deadline_at))

    def complete(
        self, clone: Clone, *, now: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        with self._t.lock:
            row = self._row(clone, {_importing(clone)})
            pod = self._leased(clone)
            done = replace(row, progress=completed(clone.progress), timings_ms=timings_ms, fidelity=fidelity)
            self._t.put_clone(done)
            self._t.put_pod(replace(pod, deadline_at=next_look_at(done, now)))
            return done

    def ready(
        self, clone: Clone, *, now: int, expires_at: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        with self._t.lock:
            row = self._row(clone, {CloneState.IMPORTING})
            if row.expired(now):
                raise StaleRow(clone.clone_id)
            pod = self._leased(clone)
            done = served(clone, now=now, expires_at=expires_at, timings_ms=timings_ms, fidelity=fidelity)
            self._t.put_clone(done)
            deadline_at = next_look_at(done, now)
            self._t.put_pod(replace(pod, state=PodState.READY, state_since=now, deadline_at=deadline_at))
            return done

    def fail(self, clone: Clone, failure: Failure) -> None:
        with self._t.lock:
            row = self._row(clone, {clone.state})
            self._t.put_clone(replace(row, state=CloneState.FAILED, failure=failure, eta_seconds=None))

    def extend(self, clone: Clone, expires_at: int, now: int) -> Clone:
        with self._t.lock:
            row = self._row(clone, set(CloneState))
            if not row.live(now) or row.expires_at > expires_at:
                raise StaleRow(clone.clone_id)
            extended = replace(row, expires_at=expires_at)
            self._t.put_clone(extended)
            return extended

    def remove(self, clone: Clone) -> bool:
        with self._t.lock:
            row = self._t.clones.get(clone.clone_id)
            if row is None or row.lease_id != clone.lease_id or row.expires_at != clone.expires_at:
                return False
            self._t.delete_clone(clone.clone_id)
            return True

    def last_lease(self, clone_id: str) -> Lease | None:
        with self._t.lock:
            theirs = [lease for lease in self._t.leases.values() if lease.clone_id == clone_id]
        return max(theirs, key=lambda lease: lease.started_at, default=None)

    def lease_of(self, clone: Clone) -> Lease | None:
        return self._t.leases.get((clone.pod_name or "", clone.generation or 0))

    def end_lease(
        self,
        pod_name: str,
        generation: int,
        *,
        now: int,
        result: str,
        proof: Proof | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        with self._t.lock:
            lease = self._t.leases.get((pod_name, generation))
            if lease is None:
                return
            self._t.leases[pod_name, generation] = replace(
                lease,
                ended_at=lease.ended_at or now,
                result=lease.result or result,
                proof=asdict(proof) if proof else lease.proof,
                evidence={**asdict(evidence), "logs": {}} if evidence else lease.evidence,
            )

    def keep_outbound(self, pod_name: str, generation: int, outbound: Outbound) -> None:
        with self._t.lock:
            lease = self._t.leases.get((pod_name, generation))
            if lease:
                self._t.leases[pod_name, generation] = replace(lease, outbound=outbound)

    def _all(self) -> list[Clone]:
        with self._t.lock:
            return list(self._t.clones.values())

    def _registered(self, clone: Clone) -> None:
        if clone.customer_id not in self._t.sources:
            raise SourceNotRegistered(clone.customer_id)

    def _absent(self, clone: Clone) -> None:
        if clone.clone_id in self._t.clones:
            raise CloneExists(self._t.clones[clone.clone_id])

    def _same(self, pod: Pod) -> Pod:
        row = self._t.pods.get(pod.pod_name)
        if row is None or row.state is not pod.state or row.generation != pod.generation:
            raise PodTaken(pod.pod_name)
        return row

    def _claimable(self, pod: Pod) -> None:
        row = self._same(pod)
        if row.state is not PodState.WARM or not row.proven or row.template_hash != pod.template_hash:
            raise PodTaken(pod.pod_name)

    def _bind(self, pod: Pod, clone: Clone, now: int) -> None:
        key = (pod.pod_name, pod.generation)
        if key in self._t.leases:
            raise PodTaken(pod.pod_name)
        assigned = to_assigned(pod, clone, now)
        self._t.put_clone(clone)
        self._t.put_pod(assigned)
        self._t.leases[key] = Lease(*key, clone.clone_id, clone.customer_id, clone.lease_id, now)

    def _row(self, clone: Clone, states: set[CloneState]) -> Clone:
        row = self._t.clones.get(clone.clone_id)
        if row is None or row.lease_id != clone.lease_id or row.state not in states:
            raise StaleRow(clone.clone_id)
        return row

    def _leased(self, clone: Clone) -> Pod:
        pod = self._t.pods.get(clone.pod_name or "")
        if (
            pod is None
            or pod.lease_id != clone.lease_id
            or pod.generation != clone.generation
            or pod.state is not (PodState.READY if clone.state is CloneState.READY else PodState.ASSIGNED)
        ):
            raise StaleRow(clone.clone_id)
        return pod


def _importing(clone: Clone) -> CloneState:
    return CloneState.READY if clone.state is CloneState.READY else CloneState.IMPORTING


def _offset(cursor: str | None) -> int:
    try:
        return int(cursor or 0)
    except ValueError as error:
        raise InvalidRequest("cursor is not one of ours; start without one.") from error
