"""Bring together clones that wait and pods that are free."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.queueing import fair_order
from clonepool.errors import StaleRow

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Leases


@dataclass(frozen=True, slots=True)
class SeatQueued:
    """Bind a pod to the clone whose turn it is, fairly between customers."""

    leases: Leases
    clock: Clock

    def __call__(self, pod: Pod) -> Clone | None:
        """The clone that got the pod, None if nobody waits. Raises PodTaken if the pod is not as read."""
        now = self.clock.now()
        for clone in self._line(pod.pool, now):
            try:
                return self.leases.bind(pod, clone, now)
            except StaleRow:
                continue
        return None

    def _line(self, pool: str, now: int) -> list[Clone]:
        queued = self.leases.queued(pool, now)
        waiting = Counter(clone.customer_id for clone in queued)
        if len(waiting) < 2:  # noqa: PLR2004  one customer is fair to itself
            return fair_order(queued, {})
        holding = {who: self.leases.count_live(who, now) - n for who, n in waiting.items()}
        return fair_order(queued, holding)
