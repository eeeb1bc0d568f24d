"""Errors as RFC 9457 problem details: a stable `code` for programs, and for people what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from clonepool.errors import InvalidRequest

if TYPE_CHECKING:
    from clonepool.errors import ClonepoolError

MEDIA_TYPE = "application/problem+json"


def problem(error: ClonepoolError) -> Response[str]:
    """The answer that says `error`."""
    body: dict[str, Any] = {
        "type": f"urn:clonepool:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if isinstance(error, InvalidRequest) and error.errors:
        body["errors"] = [{"field": field, "detail": detail} for field, detail in error.errors]
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    return Response(error.status, MEDIA_TYPE, json.dumps(body), headers)
