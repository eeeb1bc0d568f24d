"""Logs and metrics as CloudWatch reads them: one JSON line each. Secrets are never among them.

No tracer: the X-Ray SDK it needs is in maintenance only. Correlation ids tie the lines of one lease together.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "clonepool"
HTTP_CORRELATION = "requestContext.requestId"

__all__ = ["HTTP_CORRELATION", "MetricUnit", "make_logger", "make_metrics"]


def make_logger(service: str) -> Logger:
    """The logger of one function."""
    return Logger(service=service, utc=True)


def make_metrics(service: str) -> Metrics:
    """The metrics of one function, in the embedded metric format."""
    return Metrics(namespace=NAMESPACE, service=service)
