"""Whatever a caller sends, the answer is a problem with a code and what to do, and never a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.errors import StaleRow
from tests.fakes.world import EXPORT_KEY
from tests.integration.handlers import assert_problem, at, event, request

if TYPE_CHECKING:
    from tests.integration.handlers import Functions


SOURCE = {"url": "https://shop.sources.test", "key": EXPORT_KEY}


CLONE: dict[str, Any] = {"customer_id": "shop"}


BAD: list[tuple[str, dict[str, Any], int, str]] = [
    ("an unknown customer", request("create-clone", {"customer_id": "nobody"}), 409, "source_not_registered"),
    ("a ttl of 0", request("create-clone", CLONE | {"ttl_minutes": 0}), 400, "invalid_ttl"),
    ("a ttl of abc", request("create-clone", CLONE | {"ttl_minutes": "abc"}), 400, "invalid_ttl"),
    ("a ttl of true", request("create-clone", CLONE | {"ttl_minutes": True}), 400, "invalid_ttl"),
    ("a ttl of 1.5", request("create-clone", CLONE | {"ttl_minutes": 1.5}), 400, "invalid_ttl"),
    ("a ttl of null", request("create-clone", CLONE | {"ttl_minutes": None}), 400, "invalid_ttl"),
    ("a ttl past a day", request("create-clone", CLONE | {"ttl_minutes": 1441}), 400, "invalid_ttl"),
    ("an endless ttl", request("create-clone", CLONE | {"ttl_minutes": 10**400}), 400, "invalid_ttl"),
    ("no DNS label", request("create-clone", {"customer_id": "Shop_1"}), 400, "invalid_name"),
    ("an empty customer", request("create-clone", {"customer_id": ""}), 400, "invalid_name"),
    ("a name with --", request("create-clone", CLONE | {"name": "a--b"}), 400, "invalid_name"),
    ("a name too long", request("create-clone", CLONE | {"name": "a" * 63}), 400, "invalid_name"),
    ("an empty name", request("create-clone", CLONE | {"name": ""}), 400, "invalid_name"),
    ("a reserved name", request("create-clone", {"customer_id": "kubernetes"}), 400, "invalid_name"),
    ("an unknown field", request("create-clone", CLONE | {"colour": "red"}), 400, "invalid_request"),
    ("another on_empty", request("create-clone", CLONE | {"on_empty": "hope"}), 400, "invalid_request"),
    ("a number for a name", request("create-clone", CLONE | {"name": 7}), 400, "invalid_request"),
    ("an address to call", request("create-clone", CLONE | {"allow_hosts": ["::1"]}), 400, "invalid_hosts"),
    ("hosts as text", request("create-clone", CLONE | {"allow_hosts": "a.test"}), 400, "invalid_request"),
    ("no customer", request("create-clone", {"ttl_minutes": 5}), 400, "invalid_request"),
    ("no JSON", request("create-clone", "{"), 400, "invalid_request"),
    ("a JSON array", request("create-clone", "[]"), 400, "invalid_request"),
    ("JSON null", request("create-clone", "null"), 400, "invalid_request"),
    ("an empty body", request("create-clone", ""), 400, "invalid_request"),
    ("JSON without end", request("create-clone", "[" * 16_000), 400, "invalid_request"),
    ("half a surrogate", request("create-clone", '{"customer_id": "\\ud800"}'), 400, "invalid_request"),
    ("a body of 1 MB", request("create-clone", CLONE | {"name": "x" * 10**6}), 413, "body_too_large"),
    ("a body of 17 KB", request("create-clone", CLONE | {"name": "x" * 17_000}), 413, "body_too_large"),
    (
        "a form",
        request("create-clone", "customer_id=shop", content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    ),
    ("no content type", request("create-clone", content_type=""), 415, "unsupported_media_type"),
    ("a URL without a host", request("put-source", SOURCE | {"url": "https:///x"}), 400, "invalid_url"),
    ("another scheme", request("put-source", SOURCE | {"url": "ftp://shop.test"}), 400, "invalid_url"),
    (
        "a URL with a password",
        request("put-source", SOURCE | {"url": "http://u:p@a.test"}),
        400,
        "invalid_url",
    ),
    ("an empty URL", request("put-source", SOURCE | {"url": ""}), 400, "invalid_url"),
    ("a key that is none", request("put-source", SOURCE | {"key": "hunter2"}), 400, "invalid_key"),
    ("no key", request("put-source", {"url": SOURCE["url"]}), 400, "invalid_request"),
    ("a clone that never was", at("get-clone", "/clones/never-was"), 404, "not_found"),
    ("a clone with an endless name", at("get-clone", "/clones/" + "x" * 3000), 404, "not_found"),
    ("a path that is no clone", at("get-clone", "/clones/%3Cscript%3E"), 404, "not_found"),
    ("a pod that never was", at("get-pod", "/pool/pods/none"), 404, "not_found"),
    ("an unknown path", at("get-pool", "/clowns"), 404, "not_found"),
    ("the wrong method", at("create-clone", "/pool"), 405, "method_not_allowed"),
    ("to extend what is not", at("extend-clone", "/clones/never-was/extend"), 404, "not_found"),
    ("to extend by nothing", request("extend-clone", {}), 400, "invalid_request"),
    ("to extend by abc", request("extend-clone", {"ttl_minutes": "abc"}), 400, "invalid_ttl"),
    ("nobody's clones", event("list-clones", queryStringParameters=None), 400, "invalid_request"),
    (
        "a limit of abc",
        event("list-clones", queryStringParameters={"customer_id": "shop", "limit": "abc"}),
        400,
        "invalid_request",
    ),
    (
        "a limit of 1000",
        event("list-clones", queryStringParameters={"customer_id": "shop", "limit": "1000"}),
        400,
        "invalid_request",
    ),
    *(
        (
            f"a limit of {limit[:10]}",
            event("list-clones", queryStringParameters={"customer_id": "shop", "limit": limit}),
            400,
            "invalid_request",
        )
        for limit in ("0050999", "0001" + "0" * 5000, "0", "-1")
    ),
    (
        "a made-up cursor",
        event("list-clones", queryStringParameters={"customer_id": "shop", "cursor": "made-up"}),
        400,
        "invalid_request",
    ),
    (
        "the clones of no name",
        event("list-clones", queryStringParameters={"customer_id": "a--b"}),
        400,
        "invalid_name",
    ),
]


@pytest.mark.parametrize(("payload", "status", "code"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_a_mistake_is_told_and_what_to_do(
    warm: Functions, payload: dict[str, Any], status: int, code: str
) -> None:
    assert_problem(warm.http(payload), status, code)


def test_a_refused_body_says_which_fields_and_repeats_no_value(warm: Functions) -> None:
    answer = warm.http(request("put-source", {"url": 7, "key": EXPORT_KEY, "pass word": "hunter2"}))
    assert_problem(answer, 400, "invalid_request")
    assert {one["field"] for one in answer.body["errors"]} == {"url", "pass word"}
    assert EXPORT_KEY not in json.dumps(answer.body)
    assert "hunter2" not in json.dumps(answer.body)


def test_a_method_not_allowed_says_which_are(warm: Functions) -> None:
    answer = warm.http(at("create-clone", "/clones/shop"))
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, GET"


def test_a_body_that_is_no_base64_is_told(warm: Functions) -> None:
    assert_problem(
        warm.http(request("create-clone", "!") | {"isBase64Encoded": True}), 400, "invalid_request"
    )


def test_a_fault_of_ours_is_a_problem_too_and_tells_nothing(
    warm: Functions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(type(warm.world.leases), "get", lambda *_: {}["a secret thing"])
    answer = warm.http(event("get-clone"))
    assert_problem(answer, 500, "internal")
    assert "a secret thing" not in json.dumps(answer.body)


def test_a_lost_race_never_reaches_a_caller(warm: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: Any) -> None:
        raise StaleRow("shop")

    monkeypatch.setattr(type(warm.world.leases), "get", lose)
    answer = warm.http(event("get-clone"))
    assert_problem(answer, 503, "store_busy")
    assert answer.headers["Retry-After"] == "1"
