"""The claim: a customer gets a warm pod in one transaction, or a place in the queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

from clonepool.domain.lease import leasing_clone, queued_clone
from clonepool.errors import (
    CloneExists,
    NameTaken,
    PodTaken,
    PoolEmpty,
    QuotaExceeded,
    SourceNotRegistered,
    StoreBusy,
    Unavailable,
)
from clonepool.usecases.candidates import Candidates
from clonepool.usecases.patience import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Clone
    from clonepool.domain.lease import CloneRequest
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool
    from clonepool.ports import Clock, Leases, Pods, Pools, Sources

COLLISION_PAUSE_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Admission:
    """The customer's clone, and whether this request made it."""

    clone: Clone
    new: bool


@dataclass(frozen=True, slots=True)
class RequestClone:
    """Give a customer a clone: a warm pod if there is one, else a place in the queue.

    Attributes:
        claim_seconds: how long to look for a warm pod among competitors before queueing.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    sources: Sources
    clock: Clock
    pool: str
    claim_seconds: float = 0.5
    new_id: Callable[[], str] = field(default=lambda: uuid4().hex)
    shuffle: Callable[[list[Any]], None] = field(default=SystemRandom().shuffle)

    def __call__(self, request: CloneRequest) -> Admission:
        """Repeating a request gives the same clone as long as it lives.

        Raises:
            SourceNotRegistered, NameTaken, QuotaExceeded: say what to change.
            PoolEmpty: no warm pod, and the request said `on_empty="reject"`.
            StoreBusy, Unavailable: try again.
        """
        pool = self._pool()
        if self._quota_reached(request, pool):
            return self._standing(request) or self._over_quota(request, pool)
        candidates = Candidates(self.pods, pool, self.shuffle)
        admission = self._claim(request, pool, candidates)
        if admission:
            return admission
        if request.on_empty == "reject":
            return self._standing(request) or self._rejected(request)
        return self._queue(request, pool, "contention" if candidates.taken else "pool_empty")

    def _pool(self) -> Pool:
        pool = self.pools.get(self.pool)
        if pool is None:
            raise Unavailable(f"Pool {self.pool} is not set up yet; its keeper does so within a minute.")
        return pool

    def _quota_reached(self, request: CloneRequest, pool: Pool) -> bool:
        live = self.leases.count_live(request.customer_id, self.clock.now())
        return live >= pool.policy.max_live_clones_per_customer

    def _standing(self, request: CloneRequest) -> Admission | None:
        """The live clone of this id: the same request has made it, though the answer may be lost."""
        clone = self.leases.get(request.clone_id)
        return _same(clone, request) if clone and clone.live(self.clock.now()) else None

    def _rejected(self, request: CloneRequest) -> NoReturn:
        """What to change comes before what may help later."""
        if self.sources.get(request.customer_id) is None:
            raise SourceNotRegistered(request.customer_id)
        raise PoolEmpty("No warm pod is free; try again, or ask with on_empty=provision to wait for one.")

    def _over_quota(self, request: CloneRequest, pool: Pool) -> NoReturn:
        limit = pool.policy.max_live_clones_per_customer
        raise QuotaExceeded(
            f"{request.customer_id} has {limit} live clones, as many as allowed; release one."
        )

    def _claim(self, request: CloneRequest, pool: Pool, candidates: Candidates) -> Admission | None:
        budget = Budget.of(self.clock, self.claim_seconds)
        while pods := candidates.look():
            for pod in pods:
                if admission := self._seize(request, pool, pod, candidates, budget):
                    return admission
                if budget.spent:
                    return None
        return None

    def _seize(
        self, request: CloneRequest, pool: Pool, pod: Pod, candidates: Candidates, budget: Budget
    ) -> Admission | None:
        now = self.clock.now()
        clone = leasing_clone(request, self.new_id(), pod, pool.policy, now)
        try:
            self.leases.claim(pod, clone, now)
        except PodTaken:
            candidates.strike(pod)
            return None
        except CloneExists as exists:
            return self._meet(exists.clone, request)
        except StoreBusy:
            budget.pause_about(COLLISION_PAUSE_SECONDS)
            return None
        return Admission(clone, new=True)

    def _queue(self, request: CloneRequest, pool: Pool, reason: str) -> Admission:
        clone = queued_clone(request, self.new_id(), pool.pool, pool.policy, reason, self.clock.now())
        budget = Budget.of(self.clock, self.claim_seconds)
        while True:
            try:
                self.leases.queue(clone)
            except CloneExists as exists:
                if met := self._meet(exists.clone, request):
                    return met
            except StoreBusy:
                if budget.spent:
                    raise
                budget.pause_about(COLLISION_PAUSE_SECONDS)
            else:
                return Admission(clone, new=True)

    def _meet(self, clone: Clone, request: CloneRequest) -> Admission | None:
        """A row with our id: ours, another's, or dead and then removed (its record returns its pod)."""
        if not clone.live(self.clock.now()):
            self.leases.remove(clone)
            return None
        return _same(clone, request)


def _same(clone: Clone, request: CloneRequest) -> Admission:
    """A live clone with the id that is asked for."""
    if clone.customer_id != request.customer_id:
        raise NameTaken(f"{clone.clone_id} is in use; choose another name.")
    return Admission(clone, new=False)
