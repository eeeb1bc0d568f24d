"""Raw JSON over the Kubernetes REST API: time-outs, retries under one deadline, and typed refusals.

Typed models of the official client cost 30-250 ms for 100 pods; plain JSON does not.
"""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from clonepool.adapters.kubernetes.endpoint import Endpoint

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
DEADLINE_SECONDS = 20.0
MAX_PAUSE_SECONDS = 2.0
PAGE_SIZE = 500
RETRIED = frozenset({429, 500, 503, 504})
JSON_PATCH = "application/json-patch+json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

type Json = dict[str, Any]


class Refused(Exception):
    """The API server understood and said no. Stays inside the adapter."""


class Missing(Refused):
    """404: there is no such object."""


class Collision(Refused):
    """409: on create, the name is in use; on delete, a precondition does not hold."""


class TestFailed(Refused):
    """422 of a JSON Patch: one of its `test` operations does not hold."""

    __test__ = False  # no test case, whatever its name says


class _Unauthorized(Exception):
    """401: the token is no longer accepted."""


class _Transient(Exception):
    """May pass by itself. `wait` is what Retry-After asks for, in seconds, or 0."""

    def __init__(self, detail: str, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.wait = wait


_REFUSALS: dict[tuple[str, int], type[Refused]] = {
    ("GET", HTTPStatus.NOT_FOUND): Missing,
    ("PATCH", HTTPStatus.NOT_FOUND): Missing,
    ("DELETE", HTTPStatus.NOT_FOUND): Missing,
    ("POST", HTTPStatus.CONFLICT): Collision,
    ("DELETE", HTTPStatus.CONFLICT): Collision,
    ("PATCH", HTTPStatus.UNPROCESSABLE_ENTITY): TestFailed,
}


def _as_json(answer: urllib3.BaseHTTPResponse) -> Any:
    return answer.json()


def _as_text(answer: urllib3.BaseHTTPResponse) -> str:
    return answer.data.decode(errors="replace")


class KubernetesClient:
    """One API server. Safe to share between threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        read_seconds: float = READ_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._deadline_seconds = deadline_seconds
        self._sleep = sleep
        self._monotonic = monotonic
        self._http = urllib3.PoolManager(
            maxsize=8,
            ssl_context=endpoint.tls,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )

    def get(self, path: str) -> Json:
        """Raises Missing, ClusterUnavailable."""
        found: Json = self._request("GET", path)
        return found

    def text(self, path: str) -> str:
        """What is no JSON: a log. Raises Missing, ClusterUnavailable."""
        return str(self._request("GET", path, headers={"Accept": "*/*"}, parse=_as_text))

    def items(self, path: str, selector: str, *, metadata_only: bool = False) -> Iterator[Json]:
        """All objects with these labels, page by page; with `metadata_only` no spec and no Secret's value."""
        query = {"labelSelector": selector, "limit": str(PAGE_SIZE)}
        headers = {"Accept": METADATA_LIST} if metadata_only else {}
        while True:
            page = self._request("GET", f"{path}?{urlencode(query)}", headers=headers)
            yield from page.get("items") or []
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            query["continue"] = token

    def create(self, path: str, body: Json) -> Json:
        """Raises Collision when the name is in use (also by an earlier try of ours)."""
        created: Json = self._request("POST", path, body)
        return created

    def patch(self, path: str, operations: Sequence[Json]) -> Json:
        """JSON Patch. Raises TestFailed when a `test` does not hold, Missing."""
        patched: Json = self._request("PATCH", path, list(operations), headers={"Content-Type": JSON_PATCH})
        return patched

    def delete(self, path: str, *, uid: str, resource_version: str | None = None) -> None:
        """Delete exactly this object, without grace. Raises Missing, Collision (a precondition fails)."""
        preconditions = {"uid": uid}
        if resource_version is not None:
            preconditions["resourceVersion"] = resource_version
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "propagationPolicy": "Background",
            "preconditions": preconditions,
        }
        self._request("DELETE", path, options)

    def _request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        parse: Callable[[urllib3.BaseHTTPResponse], Any] = _as_json,
    ) -> Any:
        """Send until answered: what may pass by itself is tried again until the deadline, a 401 once."""
        deadline = self._monotonic() + self._deadline_seconds
        renewed = renew = False
        for attempt in count():
            try:
                return self._send(method, path, body, headers or {}, parse, renew=renew)
            except _Unauthorized as problem:
                if renewed:
                    raise ClusterUnavailable(str(problem)) from problem
                renewed = renew = True
            except _Transient as problem:
                renew = False
                pause = problem.wait or min(0.1 * 2**attempt, MAX_PAUSE_SECONDS)
                if self._monotonic() + pause >= deadline:
                    raise ClusterUnavailable(str(problem)) from problem
                self._sleep(pause)
        raise AssertionError("count() does not end")

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Mapping[str, str],
        parse: Callable[[urllib3.BaseHTTPResponse], Any],
        *,
        renew: bool,
    ) -> Any:
        sent = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **headers,
            **self._endpoint.credentials.headers(renew=renew),
        }
        content = None if body is None else json.dumps(body)
        try:
            answer = self._http.request(method, self._endpoint.url + path, body=content, headers=sent)
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return parse(answer)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise _Transient(f"the Kubernetes API did not answer: {type(error).__name__}") from error
        raise _problem(method, answer)


def _problem(method: str, answer: urllib3.BaseHTTPResponse) -> Exception:
    """What an answer that is no success means. Decided by status and reason, never by the message."""
    reason, message = _explained(answer.data)
    detail = f"the Kubernetes API answered {answer.status} {reason}: {message}"
    after = answer.headers.get("Retry-After", "")
    wait = float(after) if after.isdigit() else 0.0
    match method, answer.status:
        case _, HTTPStatus.UNAUTHORIZED:
            return _Unauthorized(detail)
        case (("POST" | "PATCH"), HTTPStatus.CONFLICT) if reason == "Conflict":
            return _Transient(detail, wait)  # somebody changed the object, or a quota, in the same moment
        case _ if (refusal := _REFUSALS.get((method, answer.status))) is not None:
            return refusal(detail)
        case _ if answer.status in RETRIED or wait:
            return _Transient(detail, wait)
        case _:
            return ClusterUnavailable(detail)


def _explained(data: bytes) -> tuple[str, str]:
    """Reason and message of the Status object that the API server answers with."""
    try:
        status = json.loads(data)
    except ValueError:
        status = None
    if not isinstance(status, dict):
        return "", data[:200].decode(errors="replace")
    return str(status.get("reason", "")), str(status.get("message", ""))
