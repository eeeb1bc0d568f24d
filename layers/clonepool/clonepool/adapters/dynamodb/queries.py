"""Reading clones from DynamoDB."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clonepool.adapters.dynamodb.models import EXPIRY_SHARD
from clonepool.adapters.dynamodb.rows import to_clone
from clonepool.domain.clones import CloneState
from clonepool.errors import InvalidRequest

if TYPE_CHECKING:
    from clonepool.adapters.dynamodb.database import Database
    from clonepool.adapters.dynamodb.models import CloneRow
    from clonepool.domain.clones import Clone

_CURSOR = re.compile(r'\["(\d{1,12})", "([a-z0-9-]{1,63})"\]', re.ASCII)
"""What `_cursor` writes, and nothing else: a number or key that DynamoDB refuses would be a fault of ours."""


@dataclass(frozen=True, slots=True)
class CloneQueries:
    """The reading half of `clonepool.ports.Leases`."""

    database: Database

    @property
    def clones(self) -> type[CloneRow]:
        """The bound model of clones."""
        return self.database.models.clones

    def get(self, clone_id: str) -> Clone | None:
        row = self.database.find(self.clones, clone_id)
        return to_clone(row) if row else None

    def of_customer(
        self, customer_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Clone], str | None]:
        start = _start_key(customer_id, cursor) if cursor else None

        def read() -> tuple[list[Clone], str | None]:
            page = self.clones.customer.query(
                customer_id, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=start
            )
            clones = [to_clone(row) for row in page]
            return clones, _cursor(page.last_evaluated_key)

        return self.database.call(read)

    def count_live(self, customer_id: str, now: int) -> int:
        alive = (self.clones.expires_at > now) & (self.clones.state != CloneState.FAILED.value)
        return self.database.call(lambda: self.clones.customer.count(customer_id, filter_condition=alive))

    def queued(self, pool: str, now: int, limit: int = 25) -> list[Clone]:
        waiting = (self.clones.state == CloneState.QUEUED.value) & (self.clones.pool == pool)

        def read() -> list[Clone]:
            rows = self.clones.expiry.query(
                EXPIRY_SHARD, self.clones.expires_at > now, filter_condition=waiting
            )
            return sorted((to_clone(row) for row in rows), key=lambda c: (c.created_at, c.clone_id))[:limit]

        return self.database.call(read)

    def expired(self, now: int, limit: int = 100) -> list[Clone]:
        passed = self.clones.expires_at <= now
        return self.database.call(
            lambda: [to_clone(row) for row in self.clones.expiry.query(EXPIRY_SHARD, passed, limit=limit)]
        )


def _cursor(key: dict[str, Any] | None) -> str | None:
    """Where the next page begins, without the customer: a cursor cannot lead into another's clones."""
    if not key:
        return None
    return urlsafe_b64encode(json.dumps([key["created_at"]["N"], key["clone_id"]["S"]]).encode()).decode()


def _start_key(customer_id: str, cursor: str) -> dict[str, dict[str, str]]:
    try:
        found = _CURSOR.fullmatch(urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if not found:
        raise InvalidRequest("cursor is not one of ours; start without one.")
    created_at, clone_id = found.groups()
    return {"customer_id": {"S": customer_id}, "created_at": {"N": created_at}, "clone_id": {"S": clone_id}}
