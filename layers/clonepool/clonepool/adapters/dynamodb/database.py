"""One connection to DynamoDB, the models bound to their tables, and how a call is made."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from pynamodb.connection import Connection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from clonepool.adapters.dynamodb.errors import STORE_ERRORS, Cancelled, translated
from clonepool.adapters.dynamodb.models import CloneRow, LeaseRow, PodRow, PoolRow, SourceRow
from clonepool.errors import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS, READ_SECONDS = 1.0, 3.0
PATIENCE_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
MAX_KEY_BYTES = 2048

_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True)
class TableNames:
    """The five tables, as the settings name them."""

    pods: str
    clones: str
    sources: str
    pools: str
    leases: str


@dataclass(frozen=True, slots=True)
class Models:
    """The models, bound to tables and to one shared connection."""

    pods: type[PodRow]
    clones: type[CloneRow]
    sources: type[SourceRow]
    pools: type[PoolRow]
    leases: type[LeaseRow]


@dataclass(frozen=True, slots=True)
class Database:
    """Makes calls: translates their errors, and repeats what only failed because the database was busy.

    botocore's own retries are off: they know no deadline.
    """

    connection: Connection
    models: Models
    patience_seconds: float = PATIENCE_SECONDS
    sleep: Callable[[float], None] = field(default=time.sleep)
    monotonic: Callable[[], float] = field(default=time.monotonic)

    @classmethod
    def connect(
        cls,
        tables: TableNames,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> Database:
        """Connect; credentials, region and endpoint come from botocore's chain where they are not given."""
        connection = Connection(
            region=region,
            host=endpoint,
            connect_timeout_seconds=CONNECT_SECONDS,
            read_timeout_seconds=read_seconds,
            max_retry_attempts=0,
            max_pool_connections=50,
        )
        _ = connection.client  # made now: making it lazily is not safe among threads
        models = Models(
            pods=_bound(PodRow, tables.pods, connection),
            clones=_bound(CloneRow, tables.clones, connection),
            sources=_bound(SourceRow, tables.sources, connection),
            pools=_bound(PoolRow, tables.pools, connection),
            leases=_bound(LeaseRow, tables.leases, connection),
        )
        return cls(connection, models)

    def once[T](self, call: Callable[[], T]) -> T:
        """Call, and raise ConditionFailed, Cancelled, StoreBusy, or ClonepoolError for a fault of ours."""
        try:
            return call()
        except STORE_ERRORS as error:
            raise translated(error) from error

    def call[T](self, call: Callable[[], T]) -> T:
        """As `once`, again with growing random pauses while the database is busy, for some seconds."""
        until = self.monotonic() + self.patience_seconds
        pause = FIRST_PAUSE
        while True:
            try:
                return self.once(call)
            except Cancelled as cancelled:
                if cancelled.refused:
                    raise
                if self.monotonic() >= until:
                    raise StoreBusy("The database is busy; try again.") from cancelled
            except StoreBusy:
                if self.monotonic() >= until:
                    raise
            self.sleep(_RANDOM.uniform(0.2, 1.0) * pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def find[M: Model](self, model: type[M], key: str, range_key: int | None = None) -> M | None:
        """One row by its key, read consistently. A key that no row can have finds none."""
        if not possible(key):
            return None

        def read() -> M | None:
            try:
                return model.get(key, range_key, consistent_read=True)
            except model.DoesNotExist:
                return None

        return self.call(read)

    def transact(self, fill: Callable[[TransactWrite], None]) -> None:
        """Write in one transaction, patiently. A token makes repeating after a lost answer harmless."""
        token = uuid4().hex
        self.call(lambda: self._write(fill, token))

    def transact_once(self, fill: Callable[[TransactWrite], None]) -> None:
        """Write in one transaction, or say at once why not."""
        self.once(lambda: self._write(fill, uuid4().hex))

    def _write(self, fill: Callable[[TransactWrite], None], token: str) -> None:
        with TransactWrite(connection=self.connection, client_request_token=token) as transaction:
            fill(transaction)


def possible(key: str) -> bool:
    """Whether DynamoDB takes this as a partition key; it refuses a call with a longer or an empty one."""
    return 0 < len(key.encode(errors="replace")) <= MAX_KEY_BYTES


def _bound[M: type[Model]](model: M, table_name: str, connection: Connection) -> M:
    """A subclass of `model` on one table. All share one client and one pool of sockets."""
    meta = type("Meta", (), {"table_name": table_name})
    bound = cast("Any", type(model))(model.__name__, (model,), {"Meta": meta, "__module__": model.__module__})
    table = bound._get_connection()
    connection.add_meta_table(table.get_meta_table())
    table.connection = connection
    return cast("M", bound)
