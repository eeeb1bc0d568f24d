"""The stores on DynamoDB.

stores = connect(TableNames(pods="...", clones="...", sources="...", pools="...", leases="..."))
stores.leases.claim(...)
"""

from __future__ import annotations

from clonepool.adapters.dynamodb.database import Database, TableNames
from clonepool.adapters.dynamodb.leases import DynamoLeases
from clonepool.adapters.dynamodb.pods import DynamoPods
from clonepool.adapters.dynamodb.pools import DynamoPools
from clonepool.adapters.dynamodb.sources import DynamoSources
from clonepool.ports import Stores

__all__ = ["Database", "TableNames", "connect", "stores_on"]


def connect(tables: TableNames, *, endpoint: str | None = None, region: str | None = None) -> Stores:
    """The stores on these tables. Without `endpoint`: AWS, or where AWS_ENDPOINT_URL_DYNAMODB points."""
    return stores_on(Database.connect(tables, endpoint=endpoint, region=region))


def stores_on(database: Database) -> Stores:
    """The stores on a connection that is there already."""
    return Stores(
        DynamoLeases(database), DynamoPods(database), DynamoPools(database), DynamoSources(database)
    )
