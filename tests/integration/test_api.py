"""The HTTP API: what callers get for what they send, and that a mistake is never a 500."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.errors import StaleRow
from tests.fakes.world import EXPORT_KEY
from tests.integration.handlers import event, request

if TYPE_CHECKING:
    from tests.integration.handlers import Answer, Functions

FIELDS = {
    "success", "clone_id", "customer_id", "state", "start", "pod_name", "generation", "target_url",
    "public_url", "created_at", "expires_at", "max_expires_at", "progress", "timings_ms",
}  # fmt: skip
SOURCE = {"url": "https://shop.sources.test", "key": EXPORT_KEY}


@pytest.fixture
def warm(functions: Functions) -> Functions:
    """A warm pod, and a source for `shop`."""
    functions.world.warm_up("shop")
    return functions


def at(name: str, path: str) -> dict[str, Any]:
    """The event file's request, to another path."""
    changed: dict[str, Any] = event(name)
    changed["rawPath"] = changed["requestContext"]["http"]["path"] = path
    return changed


def jwt(payload: dict[str, Any], **claims: str) -> dict[str, Any]:
    payload["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return payload


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body.get("code")) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert answer.body["type"].endswith(code)
    assert answer.body["title"]
    assert len(answer.body["detail"]) > 20, "the detail should say what to do"


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


def test_a_source_is_registered_and_its_key_is_nowhere_but_in_the_secrets(
    functions: Functions, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = functions.http(event("put-source"))
    assert answer.status == 200
    assert answer.body == {
        "success": True,
        "customer_id": "shop",
        "url": "https://shop.sources.test",
        "registered_at": "2027-01-15T08:00:00Z",
    }
    secret = EXPORT_KEY.rpartition("_")[2]
    assert list(functions.world.secrets.keys.values()) == [EXPORT_KEY]
    assert secret not in repr(functions.world.tables)
    assert secret not in caplog.text + "".join(capsys.readouterr())


def test_a_new_clone_is_accepted_and_the_same_again_is_the_same(warm: Functions) -> None:
    first = warm.http(event("create-clone"))
    again = warm.http(event("create-clone"))
    assert (first.status, again.status) == (202, 200)
    assert first.headers["Location"] == again.headers["Location"] == "/clones/shop"
    assert first.body == again.body


def test_a_clone_has_the_fields_of_the_design_and_no_other(warm: Functions) -> None:
    view = warm.http(event("create-clone")).body
    assert view.keys() - {"eta_seconds"} == FIELDS
    assert view["success"] is True
    assert view["target_url"] == "http://shop.wordpress-staging.svc.cluster.local"
    assert view["public_url"] == "https://shop.clones.test"
    assert view["created_at"] == "2027-01-15T08:00:00Z"
    assert view["expires_at"] > view["created_at"]
    warm.world.settle_down()
    ready = warm.http(event("get-clone")).body
    assert ready.keys() == FIELDS | {"fidelity"}
    assert ready["timings_ms"]["database"] == 900


def test_a_body_may_come_in_base64(warm: Functions) -> None:
    payload = request("create-clone", base64.b64encode(json.dumps(CLONE).encode()).decode())
    assert warm.http(payload | {"isBase64Encoded": True}).status == 202


def test_a_body_that_is_no_base64_is_told(warm: Functions) -> None:
    assert_problem(
        warm.http(request("create-clone", "!") | {"isBase64Encoded": True}), 400, "invalid_request"
    )


def test_an_empty_pool_says_when_to_come_back(functions: Functions) -> None:
    functions.world.register("shop")
    functions.world.keep()
    answer = functions.http(request("create-clone", CLONE | {"on_empty": "reject"}))
    assert_problem(answer, 503, "pool_empty")
    assert answer.headers["Retry-After"] == "15"


def test_one_clone_too_many_is_told(warm: Functions) -> None:
    for number in range(warm.world.policy.max_live_clones_per_customer):
        assert warm.http(request("create-clone", CLONE | {"name": f"n{number}"})).status == 202
    answer = warm.http(request("create-clone", CLONE | {"name": "more"}))
    assert_problem(answer, 429, "quota_exceeded")
    assert answer.headers["Retry-After"] == "60"


def test_clones_are_listed_page_by_page(warm: Functions) -> None:
    for number in range(3):
        warm.http(request("create-clone", CLONE | {"name": f"n{number}"}))
    query = {"customer_id": "shop", "limit": "2"}
    page = warm.http(event("list-clones", queryStringParameters=query)).body
    rest = warm.http(event("list-clones", queryStringParameters=query | {"cursor": page["next_cursor"]})).body
    names = [clone["clone_id"] for clone in page["clones"] + rest["clones"]]
    assert sorted(names) == ["shop--n0", "shop--n1", "shop--n2"]
    assert "next_cursor" not in rest


def test_releasing_may_be_repeated(warm: Functions) -> None:
    warm.http(event("create-clone"))
    assert [warm.http(event("release-clone")).status for _ in range(2)] == [204, 204]
    assert warm.http(event("release-clone")).body is None
    assert_problem(warm.http(event("get-clone")), 410, "clone_gone")


def test_a_ready_clone_is_extended(warm: Functions) -> None:
    warm.http(event("create-clone"))
    assert_problem(warm.http(event("extend-clone")), 409, "not_extendable")
    warm.world.settle_down()
    before = warm.http(event("get-clone")).body["expires_at"]
    assert warm.http(event("extend-clone")).body["expires_at"] > before


def test_the_whole_report_of_an_import(warm: Functions) -> None:
    warm.http(event("create-clone"))
    warm.world.settle_down()
    assert warm.http(event("get-fidelity")).body["fidelity"] == {"tables": 12}


def test_the_pool_in_figures(warm: Functions) -> None:
    view = warm.http(event("get-pool")).body
    assert view["counts"]["WARM"] == 1
    assert view["policy"]["min_warm"] == 1
    assert view["decisions"][-1]["at"].endswith("Z")


def test_one_pod_with_its_proof(warm: Functions) -> None:
    (name,) = warm.world.tables.pods
    view = warm.http(at("get-pod", f"/pool/pods/{name}")).body
    assert (view["state"], view["proof"]["generation"]) == ("WARM", 1)
    assert view["proof"]["proved_at"].endswith("Z")
    assert view["proof"]["checks"]["wordpress.files"]["ok"] is True


def test_a_customer_sees_only_its_own(warm: Functions) -> None:
    warm.http(event("create-clone"))
    mine, other = {"customer_id": "shop"}, {"customer_id": "else"}
    assert warm.http(event("get-clone-jwt")).status == 200
    assert_problem(warm.http(jwt(event("get-clone"), **other)), 404, "not_found")
    assert_problem(warm.http(jwt(event("create-clone"), **other)), 403, "forbidden")
    assert_problem(warm.http(jwt(event("put-source"), **other)), 403, "forbidden")
    assert_problem(warm.http(jwt(event("list-clones"), **other)), 403, "forbidden")
    assert_problem(warm.http(jwt(event("get-pool"), **mine)), 403, "forbidden")
    assert warm.http(jwt(event("release-clone"), **other)).status == 204
    assert warm.http(event("get-clone")).status == 200, "another's release must not have an effect"
    own = warm.http(jwt(event("list-clones", queryStringParameters=None), **mine))
    assert [clone["clone_id"] for clone in own.body["clones"]] == ["shop"]


def test_a_token_without_a_customer_opens_nothing(warm: Functions) -> None:
    assert_problem(warm.http(jwt(event("get-clone"), sub="somebody")), 403, "forbidden")


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
