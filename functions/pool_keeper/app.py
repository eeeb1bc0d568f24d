"""Keeps the pool: each minute as a whole, and whenever the record of one pod says so."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from clonepool import bootstrap
from clonepool.entrypoints.pipes import is_schedule, pod_records
from clonepool.observability import MetricUnit, make_logger, make_metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from clonepool.usecases.keep_pool import TickReport

logger = make_logger("pool_keeper")
metrics = make_metrics("pool_keeper")
keeper = cache(bootstrap.pool_keeper)


@logger.inject_lambda_context(clear_state=True)
def handler(event: Any, _context: LambdaContext) -> None:
    """The schedule, or one record of the pods stream. An exception makes Lambda try again."""
    if is_schedule(event):
        return _report(keeper().keep_pool())
    for record in pod_records(event):
        logger.append_keys(pod_name=record.pod_name, generation=record.generation)
        logger.info("wake the pool")
        keeper().wake_pool(record.pod_name, record.generation)
    return None


def _report(tick: TickReport) -> None:
    said = logger.warning if tick.troubles else logger.info
    said("tick", extra=asdict(tick))
    for name in ("swept", "overdue", "vanished", "strays"):
        metrics.add_metric(name.capitalize(), MetricUnit.Count, getattr(tick, name))
    metrics.add_metric("Troubles", MetricUnit.Count, len(tick.troubles))
    metrics.flush_metrics()
