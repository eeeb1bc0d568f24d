"""docs/openapi.yaml says what the API does: same routes, same fields, same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from clonepool.entrypoints.http.requests import Body, CloneBody, ExtendBody, SourceBody
from clonepool.entrypoints.http.summary import WARNINGS
from tests.integration.handlers import ROOT, event, request

if TYPE_CHECKING:
    from tests.integration.handlers import Functions

OPENAPI: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]
METHODS = {"get", "put", "post", "delete"}
EXAMPLES = {
    "PUT /customers/{customer_id}/source": "put-source",
    "POST /clones": "create-clone",
    "GET /clones": "list-clones",
    "GET /clones/{clone_id}": "get-clone",
    "DELETE /clones/{clone_id}": "release-clone",
    "POST /clones/{clone_id}/extend": "extend-clone",
    "POST /clones/{clone_id}/login": "log-in",
    "GET /clones/{clone_id}/fidelity": "get-fidelity",
    "GET /clones/{clone_id}/outbound": "get-outbound",
    "GET /pool": "get-pool",
    "GET /pool/pods": "list-pods",
    "GET /pool/pods/{pod_name}": "get-pod",
    "DELETE /pool/pods/{pod_name}": "release-pod",
    "DELETE /pool/templates/{template_hash}": "revoke-template",
}


def test_every_route_is_described_and_has_an_event_file() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, item in OPENAPI["paths"].items()
        for method in METHODS & item.keys()
    }
    assert described == EXAMPLES.keys()
    assert {event(name)["routeKey"] for name in EXAMPLES.values()} == described


@pytest.mark.parametrize("name", EXAMPLES.values())
def test_every_described_route_is_served(functions: Functions, name: str) -> None:
    answer = functions.http(event(name))
    assert answer.body is None or answer.body.get("detail", "").startswith("There is nothing at") is False


@pytest.mark.parametrize("body", [SourceBody, CloneBody, ExtendBody])
def test_bodies_have_the_described_fields(body: type[Body]) -> None:
    described = SCHEMAS[body.__name__]
    assert described["properties"].keys() == body.model_fields.keys()
    required = {name for name, field in body.model_fields.items() if field.is_required()}
    assert set(described["required"]) == required


def test_answers_have_the_described_fields(functions: Functions) -> None:
    functions.world.warm_up("shop")
    shown = [functions.http(event("create-clone")).body]
    functions.world.settle_down()
    shown.append(functions.http(event("get-clone")).body)
    for view in shown:
        assert set(SCHEMAS["Clone"]["required"]) <= view.keys() <= SCHEMAS["Clone"]["properties"].keys()
    assert shown[-1]["fidelity"].keys() <= SCHEMAS["FidelitySummary"]["properties"].keys()
    kinds = SCHEMAS["FidelitySummary"]["properties"]["warnings"]["propertyNames"]["enum"]
    assert tuple(kinds) == WARNINGS
    problem = functions.http(request("create-clone", {"colour": "red"})).body
    assert set(SCHEMAS["Problem"]["required"]) < problem.keys() == SCHEMAS["Problem"]["properties"].keys()
