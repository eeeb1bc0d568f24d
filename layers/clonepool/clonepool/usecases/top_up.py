"""Keep the pool at the size that policy and demand ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

from clonepool.domain.sizing import Plan, Snapshot, plan
from clonepool.domain.transitions import new_pod, to_deleting
from clonepool.errors import StaleRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.pool import Pool
    from clonepool.ports import Clock, Leases, Pods, Pools

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class TopUp:
    """Plan, then reserve rows under the pool's version, so that two keepers at once cannot overshoot.

    Rows only: the record of each reserved or condemned row makes `WakePool` do the work in the cluster.

    Attributes:
        new_name: without a hyphen. The VPC CNI takes pods whose names are equal up to the last one for the
            same, and gives them each other's network policies.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    clock: Clock
    pool: str
    new_name: Callable[[], str] = field(default=lambda: f"wp{token_hex(5)}")

    def __call__(self) -> Plan | None:
        """The plan that was carried out; None if others planned at the same time, again and again."""
        for _ in range(ATTEMPTS):
            try:
                return self._once()
            except StaleRow:
                continue
        return None

    def _once(self) -> Plan:
        now = self.clock.now()
        pool = self.pools.get(self.pool)
        if pool is None:
            return Plan(0, (), "the pool is not set up yet")
        queued = len(self.leases.queued(self.pool, now, limit=pool.policy.max_pods))
        todo = plan(Snapshot(self.pods.of_pool(self.pool), queued), pool, now)
        if todo.create:
            self._reserve(pool, todo, now)
        if todo.delete:
            self._condemn(todo, now)
        return todo

    def _reserve(self, pool: Pool, todo: Plan, now: int) -> None:
        rows = [new_pod(self.new_name(), pool.pool, pool.current_template, now) for _ in range(todo.create)]
        self.pods.reserve(pool, rows, f"create {todo.create}: {todo.reason}", now)

    def _condemn(self, todo: Plan, now: int) -> None:
        """A pod that was claimed in the meantime is no longer ours to delete."""
        for pod in todo.delete:
            self.pods.change(pod, to_deleting(pod, now))
        self.pools.note(self.pool, f"delete {len(todo.delete)}: {todo.reason}", now)
