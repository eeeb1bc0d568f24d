"""Pod rows in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.dynamodb.errors import Cancelled, ConditionFailed
from clonepool.adapters.dynamodb.models import every, warm_shard
from clonepool.adapters.dynamodb.pools import appended
from clonepool.adapters.dynamodb.rows import pod_row, to_pod, to_pool
from clonepool.domain.pods import PodState, may_become
from clonepool.domain.sizing import MAX_AT_ONCE
from clonepool.errors import StaleRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from clonepool.adapters.dynamodb.database import Database
    from clonepool.adapters.dynamodb.models import PodRow
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool


@dataclass(frozen=True, slots=True)
class DynamoPods:
    """See `clonepool.ports.Pods`."""

    database: Database

    def get(self, pod_name: str) -> Pod | None:
        row = self.database.find(self.model, pod_name)
        return to_pod(row) if row else None

    def warm(self, pool: str, shard: int = 0, limit: int = 50) -> list[Pod]:
        index, partition = self.model.warm, warm_shard(pool, shard)
        return self.database.call(
            lambda: [to_pod(row) for row in index.query(partition, limit=limit, page_size=limit)]
        )

    def of_pool(self, pool: str) -> list[Pod]:
        theirs = self.model.pool == pool
        return self.database.call(
            lambda: [to_pod(row) for row in self.model.scan(theirs, consistent_read=True)]
        )

    def due(self, pool: str, now: int, limit: int = 50) -> list[Pod]:
        index, passed = self.model.deadline, self.model.deadline_at <= now
        return self.database.call(
            lambda: [to_pod(row) for row in index.query(pool, passed, limit=limit, page_size=limit)]
        )

    def reserve(self, pool: Pool, pods: Sequence[Pod], decision: str, now: int) -> Pool:
        if len(pods) > MAX_AT_ONCE:
            raise ValueError(f"at most {MAX_AT_ONCE} pods can be reserved at once")
        row = self.database.find(self.database.models.pools, pool.pool)
        if row is None or row.version != pool.version:
            raise StaleRow(f"pool {pool.pool} has changed")
        model = self.database.models.pools
        actions = [
            model.version.set(pool.version + 1),
            model.revision.set(row.revision + 1),
            model.decisions.set(appended(row, decision, now)),
        ]

        def fill(transaction: TransactWrite) -> None:
            for pod in pods:
                transaction.save(pod_row(self.database.models, pod), self.model.pod_name.does_not_exist())
            transaction.update(row, list(actions), model.version == pool.version)

        try:
            self.database.transact(fill)
        except Cancelled as cancelled:
            raise StaleRow(f"pool {pool.pool} has changed") from cancelled
        row.version, row.decisions = pool.version + 1, appended(row, decision, now)
        return to_pool(row)

    def change(self, pod: Pod, new: Pod) -> Pod:
        if new.state is not pod.state and not may_become(pod.state, new.state):
            raise ValueError(f"a pod cannot go from {pod.state} to {new.state}")
        tried = 0

        def write() -> None:
            nonlocal tried
            tried += 1
            pod_row(self.database.models, new).save(self._as_read(pod))

        try:
            self.database.call(write)
        except ConditionFailed as failed:
            if tried > 1 and self.get(pod.pod_name) == new:
                return new  # the answer to an earlier try was lost, not the write
            raise StaleRow(
                f"{pod.pod_name} is no longer {pod.state} of generation {pod.generation}"
            ) from failed
        return new

    def remove(self, pod: Pod) -> None:
        removable = self.model.pod_name.does_not_exist() | (
            (self.model.state == PodState.DELETING.value) & (self.model.generation == pod.generation)
        )
        try:
            self.database.call(lambda: pod_row(self.database.models, pod).delete(removable))
        except ConditionFailed as failed:
            raise StaleRow(f"{pod.pod_name} is not to be deleted") from failed

    @property
    def model(self) -> type[PodRow]:
        """The bound model."""
        return self.database.models.pods

    def _as_read(self, pod: Pod) -> Condition:
        deadline = self.model.deadline_at
        same = deadline.does_not_exist() if pod.deadline_at is None else deadline == pod.deadline_at
        return every(self.model.state == pod.state.value, self.model.generation == pod.generation, same)
