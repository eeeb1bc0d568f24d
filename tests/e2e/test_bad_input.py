"""Whatever a caller sends, the answer is a problem with a code and what to do, and never a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation

JSON = "application/json"
SOURCE = "/customers/shop/source"
BAD = [
    ("an unknown customer", "POST", "/clones", {"customer_id": "nobody-here"}, 409, "source_not_registered"),
    ("a ttl of 0", "POST", "/clones", {"customer_id": "shop", "ttl_minutes": 0}, 400, "invalid_ttl"),
    ("a ttl of abc", "POST", "/clones", {"customer_id": "shop", "ttl_minutes": "abc"}, 400, "invalid_ttl"),
    ("a ttl past a day", "POST", "/clones", {"customer_id": "shop", "ttl_minutes": 1441}, 400, "invalid_ttl"),
    ("no customer", "POST", "/clones", {"ttl_minutes": 5}, 400, "invalid_request"),
    ("an unknown field", "POST", "/clones", {"customer_id": "shop", "colour": "red"}, 400, "invalid_request"),
    ("no DNS label", "POST", "/clones", {"customer_id": "Shop_1"}, 400, "invalid_name"),
    ("two hyphens", "POST", "/clones", {"customer_id": "a--b"}, 400, "invalid_name"),
    ("a reserved name", "POST", "/clones", {"customer_id": "kubernetes"}, 400, "invalid_name"),
    ("a list", "POST", "/clones", [], 400, "invalid_request"),
    ("no host", "PUT", SOURCE, {"url": "https:///x", "key": "k"}, 400, "invalid_url"),
    (
        "another scheme",
        "PUT",
        "/customers/shop/source",
        {"url": "ftp://a.test", "key": "k"},
        400,
        "invalid_url",
    ),
    ("a clone that never was", "GET", "/clones/never-was", None, 404, "not_found"),
    ("an unknown path", "GET", "/clowns", None, 404, "not_found"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_input_is_told_what_to_do(
    system: Installation, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = requests.request(method, system.api.base_url + path, json=body, timeout=15)
    assert_problem(answer, status, code)


def test_a_body_of_a_megabyte_is_refused(system: Installation) -> None:
    body = json.dumps({"customer_id": "shop", "name": "x" * 1_000_000})
    answer = requests.post(
        f"{system.api.base_url}/clones", data=body, headers={"Content-Type": JSON}, timeout=15
    )
    assert_problem(answer, 413, "body_too_large")


def test_a_wrong_content_type_is_refused(system: Installation) -> None:
    answer = requests.post(f"{system.api.base_url}/clones", data={"customer_id": "shop"}, timeout=15)
    assert_problem(answer, 415, "unsupported_media_type")


def test_what_is_no_json_is_refused(system: Installation) -> None:
    answer = requests.post(
        f"{system.api.base_url}/clones", data="{", headers={"Content-Type": JSON}, timeout=15
    )
    assert_problem(answer, 400, "invalid_request")


def test_two_customers_whose_names_could_make_one_clone_id_never_meet(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm(1)
    customer("a", exact="twin")
    customer("a", exact="twin-b")
    first = system.clone("twin", name="b")
    second = system.clone("twin-b")
    assert first["clone_id"] == "twin--b"
    assert second["clone_id"] == "twin-b"
    assert first["customer_id"] != second["customer_id"]


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert len(problem["detail"]) > 20, "the detail should say what to do"
