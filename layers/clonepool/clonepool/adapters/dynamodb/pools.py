"""Pool rows in DynamoDB."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from clonepool.adapters.dynamodb.errors import ConditionFailed
from clonepool.adapters.dynamodb.rows import to_pool
from clonepool.domain.pool import SAMPLES_KEPT, revoked, rolled
from clonepool.errors import ClonepoolError, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.update import Action

    from clonepool.adapters.dynamodb.database import Database
    from clonepool.adapters.dynamodb.models import PoolRow
    from clonepool.domain.pool import Pool, PoolPolicy

DECISIONS_KEPT = 20
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class DynamoPools:
    """See `clonepool.ports.Pools`. Reservations go by `version`, everything else by `revision`."""

    database: Database

    def get(self, pool: str) -> Pool | None:
        row = self.database.find(self.database.models.pools, pool)
        return to_pool(row) if row else None

    def ensure(self, pool: str, policy: PoolPolicy, template_hash: str) -> Pool:
        self._create_if_absent(pool, policy, template_hash)

        def bring_up_to_date(row: PoolRow) -> list[Action]:
            actions: list[Action] = []
            if row.policy != asdict(policy):
                actions.append(self.model.policy.set(asdict(policy)))
            return actions + self._templates(row, rolled(to_pool(row), template_hash))

        return self._revise(pool, bring_up_to_date)

    def revoke(self, pool: str, template_hash: str) -> Pool:
        return self._revise(pool, lambda row: self._templates(row, revoked(to_pool(row), template_hash)))

    def note(
        self,
        pool: str,
        text: str,
        now: int,
        counters: dict[str, int] | None = None,
        measured_ms: dict[str, int] | None = None,
    ) -> None:
        def add(row: PoolRow) -> list[Action]:
            actions: list[Action] = []
            if text:
                actions.append(self.model.decisions.set(appended(row, text, now)))
            if counters:
                sums = {name: row.counters.get(name, 0) + more for name, more in counters.items()}
                actions.append(self.model.counters.set({**row.counters, **sums}))
            if measured_ms:
                kept = dict(row.measured or {})
                for kind, milliseconds in measured_ms.items():
                    kept[kind] = [*kept.get(kind, []), [now, milliseconds]][-SAMPLES_KEPT:]
                actions.append(self.model.measured.set(kept))
            return actions

        try:
            self._revise(pool, add)
        except ClonepoolError:
            return  # a figure less; nothing depends on it

    @property
    def model(self) -> type[PoolRow]:
        """The bound model."""
        return self.database.models.pools

    def _templates(self, row: PoolRow, new: Pool) -> list[Action]:
        """What makes the row's templates those of `new`; nothing where they are."""
        if new == to_pool(row):
            return []
        return [
            self.model.current_template.set(new.current_template),
            self.model.accepted_templates.set(list(new.accepted_templates)),
            self.model.revoked_templates.set(list(new.revoked_templates)),
        ]

    def _create_if_absent(self, pool: str, policy: PoolPolicy, template_hash: str) -> None:
        if self.database.find(self.model, pool):
            return
        row = self.model(
            pool=pool,
            version=1,
            revision=1,
            policy=asdict(policy),
            current_template=template_hash,
            accepted_templates=[template_hash],
            decisions=[],
            counters={},
        )
        try:
            self.database.call(lambda: row.save(self.model.pool.does_not_exist()))
        except ConditionFailed:
            return

    def _revise(self, pool: str, change: Callable[[PoolRow], list[Action]]) -> Pool:
        """Read, change, write if nobody else did; again if somebody did."""
        for _ in range(ATTEMPTS):
            row = self.database.find(self.model, pool)
            if row is None:
                raise ClonepoolError(f"Pool {pool} does not exist.")
            actions = change(row)
            if not actions or self._update(row, actions):
                return to_pool(row)
        raise StoreBusy(f"The row of pool {pool} is in high demand; try again.")

    def _update(self, row: PoolRow, actions: list[Any]) -> bool:
        unchanged = self.model.revision == row.revision
        actions = [*actions, self.model.revision.set(row.revision + 1)]
        try:
            self.database.call(lambda: row.update(actions, condition=unchanged))
        except ConditionFailed:
            return False
        return True


def appended(row: PoolRow, text: str, now: int) -> list[dict[str, Any]]:
    """The decisions with one more at the end, the oldest dropped."""
    return [*row.decisions, {"at": now, "text": text}][-DECISIONS_KEPT:]
