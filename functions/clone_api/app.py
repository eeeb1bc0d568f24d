"""The HTTP API behind API Gateway. Routes and views are in `clonepool.entrypoints.http`."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from clonepool import bootstrap
from clonepool.observability import HTTP_CORRELATION, make_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = make_logger("clone_api")
api = cache(partial(bootstrap.clone_api, logger))


@logger.inject_lambda_context(correlation_id_path=HTTP_CORRELATION)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request; never an exception."""
    return api().resolve(event, context)
