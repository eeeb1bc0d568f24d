"""The keeper's tick: the clock of the system, and the successor of every worker that died."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from clonepool.errors import ClonepoolError, LostRace, PodTaken
from clonepool.usecases.candidates import Candidates
from clonepool.usecases.reconcile import Differences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import PoolPolicy
    from clonepool.ports import Clock, Leases, Pods, Pools
    from clonepool.usecases.reconcile import Reconcile
    from clonepool.usecases.return_pod import ReturnPod
    from clonepool.usecases.seat_queued import SeatQueued
    from clonepool.usecases.take_over import TakeOver
    from clonepool.usecases.top_up import TopUp

FULL_EVERY_MINUTES = 10
MOST_OVERDUE = 500
"""Pods and expired clones looked at in one tick; each served pod is due every two minutes."""


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did. `troubles` are sentences about what has to wait for the next one."""

    swept: int
    overdue: int
    vanished: int
    strays: int
    plan: str
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepPool:
    """Sweep, cut off, top up, reconcile, take over, seat; each part whatever happened to the others.

    What is over is cut off first: that takes moments, what follows may take minutes (design invariant 5).

    Attributes:
        workers: overdue pods worked on side by side, so that one which hangs holds up no other.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    clock: Clock
    take_over: TakeOver
    give_back: ReturnPod
    reconcile: Reconcile
    seat: SeatQueued
    top_up: TopUp
    pool: str
    policy: PoolPolicy
    template_hash: str
    workers: int = 8
    shuffle: Callable[[list[Any]], None] = field(default=SystemRandom().shuffle)

    def __call__(self) -> TickReport:
        """One tick. Raises StoreBusy if not even the pool row can be had."""
        self.pools.ensure(self.pool, self.policy, self.template_hash)
        now = self.clock.now()
        troubles: list[str] = []
        swept = self._attempt(self._sweep, troubles) or []
        found = self._attempt(partial(self._compare, swept), troubles) or Differences()
        self._side_by_side([partial(self.reconcile.cut_off, ref) for ref in found.over], troubles)
        plan = self._attempt(self.top_up, troubles)
        strays = self._attempt(self.reconcile.strays, troubles) if self._full(now) else 0
        overdue = self._attempt(partial(self.pods.due, self.pool, now, MOST_OVERDUE), troubles) or []
        self._side_by_side(self._tasks(swept, overdue, found.vanished), troubles)
        self._attempt(self._seat_all, troubles)
        return TickReport(
            len(swept),
            len(overdue),
            len(found.vanished),
            strays or 0,
            plan.reason if plan else "",
            tuple(troubles),
        )

    def _sweep(self) -> list[Clone]:
        """Expired rows go. The record of each brings its pod back; as it may be lost, so does this tick."""
        expired = self.leases.expired(self.clock.now(), limit=MOST_OVERDUE)
        return [clone for clone in expired if self.leases.remove(clone)]

    def _compare(self, swept: Sequence[Clone]) -> Differences:
        return self.reconcile.compare(self.pool, {clone.lease_id for clone in swept})

    def _seat_all(self) -> None:
        """Nobody waits while a pod is warm."""
        pool = self.pools.get(self.pool)
        if pool is None:
            return
        candidates = Candidates(self.pods, pool, self.shuffle)
        while pods := candidates.look():
            for pod in pods:
                candidates.strike(pod)
                if self._seated(pod) is False:
                    return

    def _seated(self, pod: Pod) -> bool | None:
        """Whether somebody got the pod; None if it was not to be had."""
        try:
            return self.seat(pod) is not None
        except PodTaken:
            return None

    @staticmethod
    def _full(now: int) -> bool:
        return now // 60 % FULL_EVERY_MINUTES == 0

    def _tasks(
        self, swept: Sequence[Clone], overdue: Sequence[Pod], vanished: Sequence[Pod]
    ) -> Sequence[Callable[[], None]]:
        tasks: list[Callable[[], None]] = [partial(self.reconcile.bury, pod) for pod in vanished]
        busy = {pod.pod_name for pod in vanished}
        for clone in swept:
            if clone.pod_name and clone.generation and clone.pod_name not in busy:
                busy.add(clone.pod_name)
                tasks.append(partial(self.give_back, clone.pod_name, clone.generation, clone.lease_id))
        return tasks + [partial(self.take_over, pod) for pod in overdue if pod.pod_name not in busy]

    def _side_by_side(self, tasks: Sequence[Callable[[], None]], troubles: list[str]) -> None:
        if not tasks:
            return
        with ThreadPoolExecutor(self.workers) as threads:
            for done in [threads.submit(self._attempt, task, troubles) for task in tasks]:
                done.result()

    @staticmethod
    def _attempt[T](task: Callable[[], T], troubles: list[str]) -> T | None:
        try:
            return task()
        except LostRace:
            return None
        except ClonepoolError as error:  # also a fault of ours: one pod's row must not end the tick for all
            troubles.append(f"{error.code}: {error.detail}")
            return None
