"""Registered sources in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clonepool.adapters.dynamodb.errors import ConditionFailed
from clonepool.adapters.dynamodb.rows import to_source

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from clonepool.adapters.dynamodb.database import Database
    from clonepool.adapters.dynamodb.models import SourceRow
    from clonepool.domain.clones import Source


@dataclass(frozen=True, slots=True)
class DynamoSources:
    """See `clonepool.ports.Sources`."""

    database: Database

    def get(self, customer_id: str) -> Source | None:
        row = self.database.find(self.model, customer_id)
        return to_source(row) if row else None

    def put(self, source: Source) -> None:
        row = self.model(
            customer_id=source.customer_id,
            url=source.url,
            key_arn=source.key_arn,
            registered_at=source.registered_at,
            last_durations_ms=source.last_durations_ms or None,
            last_preflight=source.last_preflight or None,
        )
        self.database.call(row.save)

    def imported(self, customer_id: str, timings_ms: dict[str, int], preflight: dict[str, Any]) -> None:
        registered = self.model.customer_id.exists()
        actions: list[Action] = [
            self.model.last_durations_ms.set(timings_ms),
            self.model.last_preflight.set(preflight),
        ]
        row = self.model(customer_id)
        try:
            self.database.call(lambda: row.update(list(actions), condition=registered))
        except ConditionFailed:
            return

    @property
    def model(self) -> type[SourceRow]:
        """The bound model."""
        return self.database.models.sources
