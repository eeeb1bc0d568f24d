"""Payload format 2.0, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.aws.http_api import Request, Route, find, payload, response
from lab.aws.runtime import Outcome

ROUTES = [
    Route("GET", "/clones", "F"),
    Route("GET", "/clones/{clone_id}", "F"),
    Route("ANY", "/{rest+}", "F"),
]


def event(request: Request) -> dict[str, Any]:
    found = find(ROUTES, request.method, request.path)
    assert found is not None
    return payload(request, *found)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/clones", "GET /clones", {}),
        ("GET", "/clones/a%2Fb", "GET /clones/{clone_id}", {"clone_id": "a/b"}),
        ("GET", "/clones/a/b", "ANY /{rest+}", {"rest": "clones/a/b"}),
        ("DELETE", "/clones", "ANY /{rest+}", {"rest": "clones"}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    found = find(ROUTES, method, path)
    assert found is not None
    assert (found[0].key, found[1]) == (route, parameters)


def test_no_route_is_no_match() -> None:
    assert find(ROUTES[:2], "POST", "/clones") is None


def test_a_request_becomes_an_event() -> None:
    made = event(
        Request(
            "GET",
            "/clones/acme",
            "tag=a&tag=b&empty=",
            [
                ("X-One", "1"),
                ("x-one", "2"),
                ("Cookie", "a=1; b=2"),
                ("Host", "api.test"),
                ("User-Agent", "curl"),
            ],
            b"",
            "10.0.0.9",
        )
    )
    assert made["version"] == "2.0"
    assert made["routeKey"] == "GET /clones/{clone_id}"
    assert made["rawPath"] == "/clones/acme"
    assert made["rawQueryString"] == "tag=a&tag=b&empty="
    assert made["queryStringParameters"] == {"tag": "a,b", "empty": ""}
    assert made["headers"] == {"x-one": "1,2", "host": "api.test", "user-agent": "curl"}
    assert made["cookies"] == ["a=1", "b=2"]
    assert made["pathParameters"] == {"clone_id": "acme"}
    http = made["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("GET", "/clones/acme", "10.0.0.9")
    assert http["userAgent"] == "curl"
    assert made["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"
    assert "body" not in made


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "encoded"),
    [
        ("application/json; charset=utf-8", b'{"a": "\xc3\xa9"}', '{"a": "é"}', False),
        ("application/problem+json", b"{}", "{}", False),
        ("text/plain", b"hi", "hi", False),
        ("application/json", b"\xff", "/w==", True),
        ("application/octet-stream", b"hi", "aGk=", True),
        ("", b"hi", "aGk=", True),
    ],
)
def test_bodies(content_type: str, body: bytes, expected: str, encoded: bool) -> None:
    made = event(Request("GET", "/clones", "", [("Content-Type", content_type)], body))
    assert (made["body"], made["isBase64Encoded"]) == (expected, encoded)


def answer(value: Any) -> Outcome:
    return Outcome("ok", json.dumps(value).encode())


def test_an_answer_becomes_a_response() -> None:
    made = response(
        answer({"statusCode": 202, "headers": {"Location": "/clones/a"}, "cookies": ["c=1"], "body": "é"})
    )
    assert made.status == 202
    assert made.body == "é".encode()
    assert made.headers == (
        ("location", "/clones/a"),
        ("content-type", "text/plain;charset=utf-8"),
        ("set-cookie", "c=1"),
    )


def test_a_binary_answer_is_decoded() -> None:
    assert response(answer({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True})).body == b"hi"


def test_an_answer_without_a_status_is_json() -> None:
    made = response(answer({"a": 1}))
    assert (made.status, json.loads(made.body)) == (200, {"a": 1})


@pytest.mark.parametrize("kind", ["error", "timeout", "crash"])
def test_what_is_no_answer_is_a_500_that_tells_nothing(kind: Any) -> None:
    made = response(Outcome(kind, b'{"errorMessage": "the password is x"}'))
    assert (made.status, json.loads(made.body)) == (500, {"message": "Internal Server Error"})
