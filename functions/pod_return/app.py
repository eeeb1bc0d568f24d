"""Takes pods back when their lease is over: released, expired or failed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from clonepool import bootstrap
from clonepool.entrypoints.pipes import returned_records
from clonepool.observability import make_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = make_logger("pod_return")
return_pod = cache(bootstrap.pod_return)


@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, _context: LambdaContext) -> None:
    """One record of the clones stream. An exception makes Lambda try again."""
    for record in returned_records(event):
        logger.append_keys(pod_name=record.pod_name, generation=record.generation, lease_id=record.lease_id)
        logger.info("take the pod back")
        return_pod()(record.pod_name, record.generation, record.lease_id)
        logger.info("done, or somebody else's task by now")
