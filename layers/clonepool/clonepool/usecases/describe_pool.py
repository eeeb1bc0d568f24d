"""What an operator wants to know about the pool."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.pods import PodState
from clonepool.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool
    from clonepool.ports import Clock, Leases, Pods, Pools

WARM_STARTS = "start.warm"
COLD_STARTS = "start.cold."


@dataclass(frozen=True, slots=True)
class PoolReport:
    """The pool in figures.

    Attributes:
        counts: pods by state, every state named.
        hit_rate: share of clones that started warm, 0 to 1; None before the first.
        cold_starts: number by reason.
    """

    pool: Pool
    counts: dict[str, int]
    queued: int
    hit_rate: float | None
    cold_starts: dict[str, int]


@dataclass(frozen=True, slots=True)
class DescribePool:
    """Counts by state, policy, how often the pool was warm, and the last decisions in words."""

    pools: Pools
    pods: Pods
    leases: Leases
    clock: Clock
    pool: str

    def __call__(self) -> PoolReport:
        """Raises NotFound before the keeper's first look."""
        pool = self.pools.get(self.pool)
        if pool is None:
            raise NotFound(f"Pool {self.pool} is not set up yet; its keeper does so within a minute.")
        states = Counter(pod.state for pod in self.pods.of_pool(self.pool))
        return PoolReport(
            pool=pool,
            counts={state.value: states[state] for state in PodState},
            queued=len(self.leases.queued(self.pool, self.clock.now())),
            hit_rate=_hit_rate(pool.counters),
            cold_starts=_cold_starts(pool.counters),
        )


@dataclass(frozen=True, slots=True)
class ListPods:
    """The pool's pods, or those in one state."""

    pods: Pods
    pool: str

    def __call__(self, state: str | None = None) -> list[Pod]:
        """The longest in their state first. Raises InvalidRequest."""
        if state is not None and state not in PodState.__members__:
            raise InvalidRequest(f"state is one of {', '.join(PodState)}.")
        rows = [pod for pod in self.pods.of_pool(self.pool) if state in (None, pod.state.value)]
        return sorted(rows, key=lambda pod: (pod.state_since, pod.pod_name))


@dataclass(frozen=True, slots=True)
class DescribePod:
    """One pod with its proof."""

    pods: Pods

    def __call__(self, pod_name: str) -> Pod:
        """Raises NotFound."""
        pod = self.pods.get(pod_name)
        if pod is None:
            raise NotFound(f"There is no pod {pod_name}.")
        return pod


def start_counter(kind: str, reason: str | None) -> str:
    """The counter in the pool row that a start of this kind belongs to."""
    return WARM_STARTS if kind == "warm" else f"{COLD_STARTS}{reason or 'unknown'}"


def _cold_starts(counters: Mapping[str, int]) -> dict[str, int]:
    return {k.removeprefix(COLD_STARTS): n for k, n in counters.items() if k.startswith(COLD_STARTS)}


def _hit_rate(counters: Mapping[str, int]) -> float | None:
    warm, cold = counters.get(WARM_STARTS, 0), sum(_cold_starts(counters).values())
    return warm / (warm + cold) if warm + cold else None
