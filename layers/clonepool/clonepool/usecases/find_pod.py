"""A clone waits in the queue: what can be done for it at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import CloneState
from clonepool.errors import PodTaken
from clonepool.usecases.candidates import Candidates
from clonepool.usecases.patience import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Clone
    from clonepool.ports import Clock, Leases, Pods, Pools
    from clonepool.usecases.top_up import TopUp


@dataclass(frozen=True, slots=True)
class FindPod:
    """Bind a QUEUED clone to a warm pod if there is one after all, else have pods made for the queue.

    Looks again for a few seconds, because a pod that has just become warm may not be in the index yet. Then
    whoever settles a pod seats the clone; binding wakes the worker again.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    clock: Clock
    top_up: TopUp
    wait_seconds: float = 3
    poll_seconds: float = 1
    shuffle: Callable[[list[Any]], None] = field(default=SystemRandom().shuffle)

    def __call__(self, clone: Clone) -> None:
        """Raises StaleRow when the clone got a pod elsewhere or is gone."""
        budget = Budget.of(self.clock, self.wait_seconds)
        while not self._bind(clone):
            self.top_up()
            if budget.spent or not self._waiting(clone):
                return
            budget.pause(self.poll_seconds)

    def _bind(self, clone: Clone) -> bool:
        pool = self.pools.get(clone.pool)
        if pool is None:
            return False
        for pod in Candidates(self.pods, pool, self.shuffle).look():
            try:
                self.leases.bind(pod, clone, self.clock.now())
            except PodTaken:
                continue
            return True
        return False

    def _waiting(self, clone: Clone) -> bool:
        row = self.leases.get(clone.clone_id)
        return row is not None and row.lease_id == clone.lease_id and row.state is CloneState.QUEUED
