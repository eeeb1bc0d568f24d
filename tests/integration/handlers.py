"""The four functions as Lambda loads them, with ports handed in."""

from __future__ import annotations

import copy
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clonepool import bootstrap
from clonepool.settings import ApiSettings, ClusterSettings, KeeperSettings, WorkerSettings
from tests.fakes.world import TEMPLATE
from tests.integration.roles import Guard

if TYPE_CHECKING:
    from types import ModuleType

    from clonepool.ports import Stores
    from tests.fakes.world import World

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests" / "events"
TABLES = {
    f"CLONEPOOL_{name}_TABLE": name.lower() for name in ("PODS", "CLONES", "SOURCES", "POOLS", "LEASES")
}
ENVIRONMENT = {
    **TABLES,
    "CLONEPOOL_DOMAIN": "clones.test",
    "CLONEPOOL_LEASE_SECRET": "clonepool-LeaseSecret",
    "CLONEPOOL_WORDPRESS_IMAGE": "wordpress:1",
    "CLONEPOOL_MYSQL_IMAGE": "mysql:1",
    "CLONEPOOL_KUBECONFIG_FILE": "none",
    "CLONEPOOL_REUSE": "any",
    "CLONEPOOL_INGRESS_ANNOTATIONS": "",
}


class Context:
    """What powertools reads of Lambda's context."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"


def event(name: str, **changes: Any) -> Any:
    """An event file, a dict or list of one, with top-level (of a record: its) fields changed."""
    found = json.loads((EVENTS / f"{name}.json").read_text())
    target = found[0] if isinstance(found, list) else found
    target.update(changes)
    return found


def request(name: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """A request like the event file's, with another body and other headers."""
    changed: dict[str, Any] = copy.deepcopy(event(name))
    if body is not None:
        changed["body"] = body if isinstance(body, str) else json.dumps(body)
    changed["headers"] |= {key.replace("_", "-"): value for key, value in headers.items()}
    return changed


def load(function: str) -> ModuleType:
    """functions/<function>/app.py as a module of its own."""
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"{function}_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: Any


def at(name: str, path: str) -> dict[str, Any]:
    """The event file's request, to another path."""
    changed: dict[str, Any] = event(name)
    changed["rawPath"] = changed["requestContext"]["http"]["path"] = path
    return changed


def jwt(payload: dict[str, Any], **claims: str) -> dict[str, Any]:
    """The request, made with a token of these claims."""
    payload["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return payload


def assert_problem(answer: Answer, status: int, code: str) -> None:
    """A problem as RFC 9457 has it, which says what to do."""
    assert (answer.status, answer.body.get("code")) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert answer.body["type"].endswith(code)
    assert answer.body["title"]
    assert len(answer.body["detail"]) > 20, "the detail should say what to do"


class Functions:
    """All four, on the ports of a world and any stores. Settings come from the environment, as they will.

    `guard` holds each function to its role in the template while it runs.
    """

    def __init__(self, world: World, stores: Stores, guard: Guard | None = None) -> None:
        self.world = world
        self.guard = guard or Guard()
        self.stores = stores
        outside = bootstrap.Outside(stores, world.cluster, world.clock, TEMPLATE)
        api = load("clone_api")
        built_api = bootstrap.clone_api(api.logger, ApiSettings(), stores, world.secrets, world.clock)
        api.api = lambda: built_api
        worker = load("clone_worker")
        prepare = bootstrap.clone_worker(
            WorkerSettings(), outside, world.secrets, world.web, resolver=world.resolver
        )
        worker.prepare_clone = lambda: prepare
        returner = load("pod_return")
        return_pod = bootstrap.pod_return(ClusterSettings(), outside)
        returner.return_pod = lambda: return_pod
        keeper = load("pool_keeper")
        built_keeper = bootstrap.pool_keeper(
            KeeperSettings(), outside, world.secrets, world.web, resolver=world.resolver
        )
        keeper.keeper = lambda: built_keeper
        self._handlers = {
            "clone_api": api.handler,
            "clone_worker": worker.handler,
            "pod_return": returner.handler,
            "pool_keeper": keeper.handler,
        }

    def invoke(self, function: str, payload: Any) -> Any:
        meanwhile, self.guard.function = self.guard.function, function
        try:
            return self._handlers[function](payload, Context())
        finally:
            self.guard.function = meanwhile

    def http(self, payload: dict[str, Any]) -> Answer:
        """Through API Gateway."""
        said = self.invoke("clone_api", payload)
        body = json.loads(said["body"]) if said.get("body") else None
        return Answer(said["statusCode"], said["headers"], body)
