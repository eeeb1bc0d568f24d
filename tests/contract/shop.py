"""All stores together, and the rows that store tests begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import Source
from clonepool.domain.lease import CloneRequest, leasing_clone, queued_clone
from clonepool.domain.pods import Proof
from clonepool.domain.pool import PoolPolicy
from clonepool.domain.transitions import new_pod, to_warm
from clonepool.usecases.request_clone import RequestClone
from tests.fakes.clock import RealClock

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool
    from clonepool.ports import Leases, Pods, Pools, Sources

NOW = 1_800_000_000
POOL, TEMPLATE = "default", "template-1"
POLICY = PoolPolicy(min_warm=1, max_warm=2, max_pods=10, reuse="any")


@dataclass
class Shop:
    """All stores, and the few things that every test arranges."""

    leases: Leases
    pods: Pods
    pools: Pools
    sources: Sources

    def open(self, *customers: str) -> Pool:
        for customer in customers:
            self.sources.put(Source(customer, f"https://{customer}.test", f"arn:{customer}", NOW))
        return self.pools.ensure(POOL, POLICY, TEMPLATE)

    def warm_pods(self, count: int, *, since: int = NOW, shards: int = 1) -> list[Pod]:
        pool = self.pools.ensure(POOL, POLICY, TEMPLATE)
        made = []
        for start in range(0, count, 50):
            rows = [
                new_pod(f"wp-{number:03}", POOL, TEMPLATE, NOW)
                for number in range(start, min(start + 50, count))
            ]
            pool = self.pods.reserve(pool, rows, "for the test", NOW)
            made += [
                self.pods.change(
                    row, to_warm(row, Proof(1, since, 900, {"x": {"ok": True}}), since + n, shards)
                )
                for n, row in enumerate(rows, start)
            ]
        return made

    def leased(self, customer: str = "alice", **more: Any) -> tuple[Pod, Clone]:
        """A claimed pod as it is now, and its clone."""
        pod = self.warm_pods(1)[0]
        clone = leasing(pod, customer, **more)
        self.leases.claim(pod, clone, NOW)
        row = self.pods.get(pod.pod_name)
        assert row
        return row, clone


def leasing(pod: Pod, customer: str = "alice", lease: str = "lease-1", **more: Any) -> Clone:
    return leasing_clone(CloneRequest.of(customer, **more), lease, pod, POLICY, NOW)


def waiting(customer: str = "alice", lease: str = "lease-q", now: int = NOW, **more: Any) -> Clone:
    return queued_clone(CloneRequest.of(customer, **more), lease, POOL, POLICY, "pool_empty", now)


def requesting(shop: Shop, claim_seconds: float = 5) -> RequestClone:
    """The use case on these stores, by the real clock."""
    assert shop.pools.ensure(POOL, POLICY, TEMPLATE)
    return RequestClone(
        shop.leases, shop.pods, shop.pools, shop.sources, RealClock(), POOL, claim_seconds=claim_seconds
    )
