"""Pods, pools and sources in memory, atomic under one lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clonepool.domain.pods import Pod, PodState, may_become
from clonepool.domain.pool import SAMPLES_KEPT, Decision, Pool, PoolPolicy, Sample, revoked, rolled
from clonepool.domain.sizing import MAX_AT_ONCE
from clonepool.errors import StaleRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clonepool.domain.clones import Source
    from tests.fakes.tables import Tables


class FakePods:
    """See `clonepool.ports.Pods`."""

    def __init__(self, tables: Tables) -> None:
        self._t = tables

    def get(self, pod_name: str) -> Pod | None:
        return self._t.pods.get(pod_name)

    def warm(self, pool: str, shard: int = 0, limit: int = 50) -> list[Pod]:
        warm = [p for p in self.of_pool(pool) if p.state is PodState.WARM and (p.warm_shard or 0) == shard]
        return sorted(warm, key=lambda p: p.warm_since or 0)[:limit]

    def of_pool(self, pool: str) -> list[Pod]:
        with self._t.lock:
            return [p for p in self._t.pods.values() if p.pool == pool]

    def due(self, pool: str, now: int, limit: int = 50) -> list[Pod]:
        passed = [p for p in self.of_pool(pool) if p.deadline_at is not None and p.deadline_at <= now]
        return sorted(passed, key=lambda p: p.deadline_at or 0)[:limit]

    def reserve(self, pool: Pool, pods: Sequence[Pod], decision: str, now: int) -> Pool:
        if len(pods) > MAX_AT_ONCE:
            raise ValueError("too many")
        with self._t.lock:
            row = self._t.pools.get(pool.pool)
            if row is None or row.version != pool.version:
                raise StaleRow(pool.pool)
            if any(pod.pod_name in self._t.pods for pod in pods):
                raise StaleRow(pool.pool)
            for pod in pods:
                self._t.put_pod(pod)
            row = replace(row, version=row.version + 1, decisions=_appended(row, decision, now))
            self._t.pools[pool.pool] = row
            return row

    def change(self, pod: Pod, new: Pod) -> Pod:
        if new.state is not pod.state and not may_become(pod.state, new.state):
            raise ValueError(f"a pod cannot go from {pod.state} to {new.state}")
        with self._t.lock:
            row = self._t.pods.get(pod.pod_name)
            if row is None or _identity(row) != _identity(pod):
                raise StaleRow(pod.pod_name)
            self._t.put_pod(new)
            return new

    def remove(self, pod: Pod) -> None:
        with self._t.lock:
            row = self._t.pods.get(pod.pod_name)
            if row is None:
                return
            if row.state is not PodState.DELETING or row.generation != pod.generation:
                raise StaleRow(pod.pod_name)
            self._t.delete_pod(pod.pod_name)


class FakePools:
    """See `clonepool.ports.Pools`."""

    def __init__(self, tables: Tables) -> None:
        self._t = tables

    def get(self, pool: str) -> Pool | None:
        return self._t.pools.get(pool)

    def ensure(self, pool: str, policy: PoolPolicy, template_hash: str) -> Pool:
        with self._t.lock:
            row = self._t.pools.get(pool) or Pool(pool, 1, policy, template_hash, (template_hash,))
            self._t.pools[pool] = replace(rolled(row, template_hash), policy=policy)
            return self._t.pools[pool]

    def revoke(self, pool: str, template_hash: str) -> Pool:
        with self._t.lock:
            self._t.pools[pool] = revoked(self._t.pools[pool], template_hash)
            return self._t.pools[pool]

    def note(
        self,
        pool: str,
        text: str,
        now: int,
        counters: dict[str, int] | None = None,
        measured_ms: dict[str, int] | None = None,
    ) -> None:
        with self._t.lock:
            row = self._t.pools.get(pool)
            if row is None:
                return
            sums = dict(row.counters)
            for name, more in (counters or {}).items():
                sums[name] = sums.get(name, 0) + more
            decisions = _appended(row, text, now) if text else row.decisions
            measured = dict(row.measured)
            for kind, milliseconds in (measured_ms or {}).items():
                measured[kind] = (*measured.get(kind, ()), Sample(now, milliseconds))[-SAMPLES_KEPT:]
            self._t.pools[pool] = replace(row, decisions=decisions, counters=sums, measured=measured)


class FakeSources:
    """See `clonepool.ports.Sources`."""

    def __init__(self, tables: Tables) -> None:
        self._t = tables

    def get(self, customer_id: str) -> Source | None:
        return self._t.sources.get(customer_id)

    def put(self, source: Source) -> None:
        self._t.sources[source.customer_id] = source

    def imported(self, customer_id: str, timings_ms: dict[str, int], preflight: dict[str, Any]) -> None:
        with self._t.lock:
            source = self._t.sources.get(customer_id)
            if source:
                self._t.sources[customer_id] = replace(
                    source, last_durations_ms=timings_ms, last_preflight=preflight
                )


def _identity(pod: Pod) -> Iterable[Any]:
    return (pod.state, pod.generation, pod.deadline_at)


def _appended(pool: Pool, text: str, now: int) -> tuple[Decision, ...]:
    return (*pool.decisions, Decision(now, text))[-20:]
