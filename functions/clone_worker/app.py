"""Prepares the clones that have become IMPORTING, and finds pods for those that are QUEUED."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from clonepool import bootstrap
from clonepool.entrypoints.pipes import clone_records
from clonepool.observability import make_logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = make_logger("clone_worker")
prepare_clone = cache(bootstrap.clone_worker)


@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, _context: LambdaContext) -> None:
    """One record of the clones stream. An exception makes Lambda try again."""
    for record in clone_records(event):
        logger.append_keys(clone_id=record.clone_id, lease_id=record.lease_id)
        logger.info("prepare the clone")
        prepare_clone()(record.clone_id, record.lease_id)
        logger.info("done, or somebody else's task by now")
