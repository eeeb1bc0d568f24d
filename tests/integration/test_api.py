"""The HTTP API: what callers get for what they send, and that a mistake is never a 500."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

from clonepool.domain.outbound import Attempt, Outbound, Tally
from tests.fakes.world import EXPORT_KEY
from tests.integration.handlers import assert_problem, at, event, jwt, request

if TYPE_CHECKING:
    import pytest

    from tests.integration.handlers import Functions


FIELDS = {
    "success", "clone_id", "customer_id", "state", "start", "pod_name", "generation", "target_url",
    "public_url", "access_url", "created_at", "expires_at", "max_expires_at", "progress", "timings_ms",
}  # fmt: skip


SOURCE = {"url": "https://shop.sources.test", "key": EXPORT_KEY}


CLONE: dict[str, Any] = {"customer_id": "shop"}


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


def test_a_private_clone_shows_its_link_and_a_public_one_has_none(
    warm: Functions, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        url = warm.http(event("create-clone")).body["access_url"]
        warm.world.settle_down()
        shown = warm.http(event("get-clone")).body["access_url"]
        listed = warm.http(event("list-clones")).body["clones"][0]["access_url"]
    assert url == shown == listed
    address, _, token = url.partition("?token=")
    assert address == "https://shop.clones.test/.clone/access"
    assert [job.access_token for job in warm.world.cluster.jobs] == [token]
    assert token not in repr(warm.world.tables)
    assert token not in repr(warm.world.cluster.jobs)
    assert token not in caplog.text + "".join(capsys.readouterr())
    public = warm.http(request("create-clone", CLONE | {"name": "open", "access": "public"}))
    assert public.status == 202
    assert "access_url" not in public.body
    warm.world.settle_down()
    assert warm.world.cluster.jobs[-1].access_token is None


def test_the_next_lease_of_a_name_has_another_link(warm: Functions) -> None:
    first = warm.http(event("create-clone")).body["access_url"]
    warm.http(event("release-clone"))
    assert warm.http(event("create-clone")).body["access_url"] != first


def test_a_login_link_is_for_a_ready_clone_and_new_each_time(warm: Functions) -> None:
    assert_problem(warm.http(event("log-in")), 404, "not_found")
    warm.http(event("create-clone"))
    assert_problem(warm.http(event("log-in")), 409, "not_ready")
    warm.world.settle_down()
    link, other = warm.http(event("log-in")), warm.http(event("log-in"))
    assert link.status == 200
    assert link.body["url"].startswith("https://shop.clones.test/.clone/login?pass=")
    assert link.body["url"] != other.body["url"]
    assert link.body["expires_at"] == "2027-01-15T08:01:00Z"
    assert link.headers["Cache-Control"] == "no-store"


def test_the_ledger_is_shown_as_of_its_last_fetch(warm: Functions) -> None:
    clone = warm.http(event("create-clone")).body
    warm.world.settle_down()
    before = warm.http(event("get-outbound"))
    assert (before.status, before.body["as_of"], before.body["entries"]) == (200, None, [])
    attempt = Attempt(1_800_000_000, "mail", "example.org", "wp_mail", "plugins/shop", "blocked")
    ledger = Outbound(1_800_000_060, (attempt,), (Tally("mail", "example.org", "blocked", 7),))
    warm.world.leases.keep_outbound(clone["pod_name"], clone["generation"], ledger)
    shown = warm.http(event("get-outbound")).body
    assert shown["as_of"] == "2027-01-15T08:01:00Z"
    assert shown["entries"] == [
        {
            "time": "2027-01-15T08:00:00Z",
            "kind": "mail",
            "host": "example.org",
            "method": "wp_mail",
            "caller": "plugins/shop",
            "outcome": "blocked",
        }
    ]
    assert shown["counts"] == [{"kind": "mail", "host": "example.org", "outcome": "blocked", "count": 7}]
    assert_problem(warm.http(jwt(event("get-outbound"), customer_id="thief")), 404, "not_found")


def test_nobody_logs_into_anothers_clone(warm: Functions) -> None:
    warm.http(event("create-clone"))
    warm.world.settle_down()
    assert_problem(warm.http(jwt(event("log-in"), customer_id="thief")), 404, "not_found")


def test_a_body_may_come_in_base64(warm: Functions) -> None:
    payload = request("create-clone", base64.b64encode(json.dumps(CLONE).encode()).decode())
    assert warm.http(payload | {"isBase64Encoded": True}).status == 202


def test_an_empty_pool_says_when_to_come_back(functions: Functions) -> None:
    functions.world.register("shop")
    functions.world.keep()
    answer = functions.http(request("create-clone", CLONE | {"on_empty": "reject"}))
    assert_problem(answer, 503, "pool_empty")
    assert answer.headers["Retry-After"] == "15"


def test_the_last_pods_own_customer_may_ask_again(warm: Functions) -> None:
    body = CLONE | {"on_empty": "reject"}
    first, again = warm.http(request("create-clone", body)), warm.http(request("create-clone", body))
    assert (first.status, again.status) == (202, 200)
    assert first.body == again.body
    stranger = warm.http(request("create-clone", body | {"customer_id": "stranger"}))
    assert_problem(stranger, 409, "source_not_registered")


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


def test_a_template_is_revoked_by_the_operator_alone(warm: Functions) -> None:
    assert warm.http(event("get-pool")).body["accepted_templates"] == ["template-1"]
    assert_problem(warm.http(jwt(event("revoke-template"), customer_id="shop")), 403, "forbidden")
    assert_problem(warm.http(at("revoke-template", "/pool/templates/mistyped")), 404, "not_found")
    assert [warm.http(event("revoke-template")).status for _ in range(2)] == [204, 204]
    view = warm.http(event("get-pool")).body
    assert (view["current_template"], view["accepted_templates"]) == ("template-1", [])
    assert view["revoked_templates"] == ["template-1"]
    assert_problem(warm.http(request("create-clone", CLONE | {"on_empty": "reject"})), 503, "pool_empty")


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
