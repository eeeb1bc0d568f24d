"""The whole way on the lab: real Kubernetes, WordPress, MySQL, DynamoDB with streams and TTL; over HTTP only.

Where the lab cannot run (not Linux, not root) these tests are skipped and say so; in CI they never are.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from lab.client import Api, ApiProblem, Visitor, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: `pytest -m e2e`."""
    for item in items:
        if "tests/e2e" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def lab_env() -> dict[str, str]:
    """The exports of `python -m lab env`."""
    if "CLONEPOOL_API_URL" in os.environ:
        return dict(os.environ)
    asked = subprocess.run([sys.executable, "-m", "lab", "env"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        if os.environ.get("CI") or os.geteuid() == 0:
            pytest.fail(f"the lab is not up (make lab-up): {asked.stderr}")
        pytest.skip("the lab needs Linux and root")
    words = shlex.split(asked.stdout)
    return dict(word.split("=", 1) for word in words if "=" in word)


@dataclass
class Installation:
    """Everything a test may touch: the API, the ingress, and what an operator has."""

    api: Api
    visitor: Visitor
    domain: str
    control_url: str
    dynamodb: Any
    made: list[str] = field(default_factory=list)

    def host(self, clone: dict[str, Any]) -> str:
        return f"{clone['clone_id']}.{self.domain}"

    def page(self, clone: dict[str, Any], path: str = "/") -> requests.Response:
        return self.visitor.get(self.host(clone), path)

    def clone(self, customer_id: str, **options: Any) -> dict[str, Any]:
        """POST, and forget nothing: what a test makes is released after it. The visitor may see the clone."""
        clone = self.api.create_clone(customer_id, **options)
        self.made.append(clone["clone_id"])
        self.visitor.admit(self.host(clone), clone)
        return clone

    def table(self, name: str) -> Any:
        """A table by its name in the design: `pods`, `clones` ..."""
        return self.dynamodb.Table(self.table_name(name))

    @staticmethod
    def table_name(name: str) -> str:
        return f"clonepool-{name.capitalize()}Table"

    @contextmanager
    def without_ttl(self) -> Iterator[None]:
        """DynamoDB deletes no expired clone meanwhile."""
        self._switch_ttl(on=False)
        try:
            yield
        finally:
            self._switch_ttl(on=True)

    def _switch_ttl(self, *, on: bool) -> None:
        self.dynamodb.meta.client.update_time_to_live(
            TableName=self.table_name("clones"),
            TimeToLiveSpecification={"Enabled": on, "AttributeName": "expires_at"},
        )

    def row(self, table: str, **key: Any) -> dict[str, Any] | None:
        item: dict[str, Any] | None = self.table(table).get_item(Key=key, ConsistentRead=True).get("Item")
        return item

    def control(self, path: str) -> Any:
        """The lab's controls: what AWS does by itself, now (fire the schedule, kill an invocation)."""
        answer = requests.post(f"{self.control_url}/_lab/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @contextmanager
    def paused(self, what: str) -> Iterator[None]:
        """No records (`pipes`) or no ticks (`schedule`) meanwhile."""
        self.control(f"{what}/pause")
        try:
            yield
        finally:
            self.control(f"{what}/resume")

    def invoke(self, function: str, *records: dict[str, str]) -> None:
        """Deliver records by hand, and wait until the function has ended well."""
        url = f"{self.control_url}/2015-03-31/functions/{function}/invocations"
        answer = requests.post(url, json=list(records), timeout=300)
        answer.raise_for_status()
        assert "X-Amz-Function-Error" not in answer.headers, answer.text

    def warm(self, count: int = 1, seconds: float = 180) -> dict[str, Any]:
        """The pool, once it is at rest with at least `count` warm pods."""
        what = f"{count} warm pods and a pool at rest"
        return wait_until(what, lambda: self.api.pool_at_rest(count), seconds=seconds)

    def gone(self, clone_id: str, seconds: float = 75) -> None:
        """Wait until nothing of a clone answers."""
        host = f"{clone_id}.{self.domain}"

        def unknown() -> bool:
            try:
                return self.visitor.get(host).status_code == 404
            except requests.exceptions.ChunkedEncodingError:
                return False  # a page on its way when the pod's processes were killed

        wait_until(f"{host} to answer 404", unknown, seconds=seconds)


@pytest.fixture(scope="session")
def base(lab_env: dict[str, str]) -> Installation:
    dynamodb = boto3.resource(
        "dynamodb",
        endpoint_url=lab_env["CLONEPOOL_DYNAMODB_URL"],
        region_name="eu-central-1",
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )
    api_url = lab_env["CLONEPOOL_API_URL"].rstrip("/")
    visitor = Visitor(lab_env["CLONEPOOL_INGRESS"])
    return Installation(Api(api_url), visitor, lab_env["CLONEPOOL_DOMAIN"], api_url, dynamodb)


@pytest.fixture
def system(base: Installation) -> Iterator[Installation]:
    """The installation; clones of this test are released afterwards."""
    base.made.clear()
    base.visitor.cookies.clear()
    yield base
    for clone_id in set(base.made):
        try:
            base.api.release(clone_id)
        except ApiProblem as problem:
            if problem.status not in {404, 410}:
                raise


@dataclass(frozen=True)
class Source:
    name: str
    url: str
    key: str
    admin_user: str
    admin_password: str


def source_up(name: str, size: str, *options: str) -> Source:
    return source_started(name, "--size", size, *options)


def source_started(name: str, *options: str) -> Source:
    command = [sys.executable, "-m", "lab", "source", "up", "--name", name, *options]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Source(**{field: found[field] for field in Source.__dataclass_fields__})


@pytest.fixture(scope="session")
def small_source(lab_env: dict[str, str]) -> Source:
    return source_up("e2e-small", "small")


@pytest.fixture(scope="session")
def medium_source(lab_env: dict[str, str]) -> Source:
    return source_up("e2e-medium", "medium")


@pytest.fixture
def customer(system: Installation, small_source: Source) -> Callable[..., str]:
    """Make a customer with a registered source; returns its id, never used before."""

    def register(prefix: str = "shop", source: Source = small_source, exact: str | None = None) -> str:
        customer_id = exact or f"{prefix}-{secrets.token_hex(4)}"
        system.api.put_source(customer_id, source.url, source.key)
        return customer_id

    return register


@pytest.fixture
def now() -> Callable[[], int]:
    return lambda: int(time.time())
