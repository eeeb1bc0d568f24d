"""API Gateway's HTTP API: routes of the template, payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from lab.aws.intrinsics import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lab.aws.runtime import Outcome
    from lab.aws.template import Template

MAX_BODY_BYTES = 10 * 2**20
NOT_FOUND = (404, "Not Found")
TOO_LARGE = (413, "Request Entity Too Large")
_TEXT = re.compile(r"(text/.*|application/(.*\+)?(json|xml)|application/javascript)$")
_ANONYMOUS = {
    "accessKey": "lab",
    "accountId": ACCOUNT,
    "callerId": "lab",
    "cognitoIdentity": None,
    "principalOrgId": None,
    "userArn": f"arn:aws:iam::{ACCOUNT}:user/lab",
    "userId": "lab",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One route, e.g. `GET /clones/{clone_id}`, and the function behind it."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        """As `routeKey` has it."""
        return f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Path parameters, decoded, if this route takes the request."""
        if self.method not in ("ANY", method):
            return None
        names: list[str] = re.findall(r"{(\w+)\+?}", self.path)
        pattern = re.sub(r"{\w+}", "([^/]+)", re.sub(r"{\w+\+}", "(.+)", self.path))
        found = re.fullmatch(pattern, path)
        return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None

    @property
    def _order(self) -> tuple[int, int]:
        return ("+}" in self.path, self.path.count("{"))


def routes(template: Template) -> list[Route]:
    """All routes of the template, the most specific first."""
    behind = {
        f"integrations/{item.name}": item for item in template.of_type("AWS::ApiGatewayV2::Integration")
    }
    found = []
    for resource in template.of_type("AWS::ApiGatewayV2::Route"):
        method, path = resource.properties["RouteKey"].split(" ", 1)
        integration = behind[resource.properties["Target"]]
        function = template.by_arn(integration.properties["IntegrationUri"], integration.place)
        found.append(Route(method, path, function.logical_id))
    return sorted(found, key=lambda route: route._order)


def find(table: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route that takes the request, with its path parameters; without one an HTTP API answers 404."""
    for route in table:
        if (parameters := route.match(method, path)) is not None:
            return route, parameters
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in. `path` is still percent-encoded; headers may repeat."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str = "127.0.0.1"


def payload(request: Request, route: Route, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The event that API Gateway makes of the request."""
    headers = _headers(request.headers)
    cookies = headers.pop("cookie", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": unquote(request.path),
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, route, headers),
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        event["pathParameters"] = dict(parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers.get("content-type", ""))
    return event


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return _joined((name.lower(), value) for name, value in headers)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if _TEXT.match(content_type.split(";", maxsplit=1)[0].strip().lower()):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _context(request: Request, route: Route, headers: Mapping[str, str]) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": "lab",
        "authorizer": {"iam": _ANONYMOUS},
        "domainName": headers.get("host", "localhost"),
        "domainPrefix": "lab",
        "http": {
            "method": request.method,
            "path": unquote(request.path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": route.key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


@dataclass(frozen=True, slots=True)
class Response:
    """What the caller gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def gateway_error(status: int, message: str) -> Response:
    """An answer that API Gateway gives by itself."""
    body = json.dumps({"message": message}).encode()
    return Response(status, (("content-type", "application/json"),), body)


def response(outcome: Outcome) -> Response:
    """The function's answer as HTTP; what is no answer becomes 500, as API Gateway does it."""
    if outcome.kind != "ok":
        return gateway_error(500, "Internal Server Error")
    answer = json.loads(outcome.payload or b"null")
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(200, (("content-type", "application/json"),), outcome.payload)
    text = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    headers = [(name.lower(), str(value)) for name, value in (answer.get("headers") or {}).items()]
    if "content-type" not in dict(headers):
        headers.append(("content-type", "text/plain;charset=utf-8"))
    cookies = [("set-cookie", cookie) for cookie in answer.get("cookies") or []]
    return Response(int(answer["statusCode"]), (*headers, *cookies), body)
