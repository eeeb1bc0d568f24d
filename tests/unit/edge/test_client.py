"""The Kubernetes client under refusals, trouble and silence."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.kubernetes.client import Collision, KubernetesClient, Missing, TestFailed
from clonepool.adapters.kubernetes.endpoint import Endpoint
from clonepool.errors import ClusterUnavailable
from tests.unit.edge.kube_api import KubeApi, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PODS = "/api/v1/namespaces/n/pods"


@dataclass
class Tokens:
    """Counts how often a fresh token was asked for."""

    renewed: int = 0

    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        self.renewed += renew
        return {"Authorization": f"Bearer {self.renewed}"}


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@dataclass
class Bench:
    api: KubeApi
    tokens: Tokens
    time: Time
    client: KubernetesClient


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving() as api:
        tokens, time = Tokens(), Time()
        client = KubernetesClient(
            Endpoint(api.url, None, tokens), sleep=time.sleep, monotonic=time.monotonic, read_seconds=0.3
        )
        api.objects[f"{PODS}/p"] = {
            "metadata": {"name": "p", "uid": "u", "resourceVersion": "1", "labels": {}}
        }
        yield Bench(api, tokens, time, client)


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_what_may_pass_by_itself_is_tried_again(bench: Bench, status: int) -> None:
    bench.api.script = [(status, {}), (status, {})]
    assert bench.client.get(f"{PODS}/p")["metadata"]["uid"] == "u"
    assert len(bench.api.seen) == 3
    assert bench.time.slept == [0.1, 0.2]


def test_retry_after_is_obeyed(bench: Bench) -> None:
    bench.api.script = [(429, {"Retry-After": "7"})]
    bench.client.get(f"{PODS}/p")
    assert bench.time.slept == [7.0]


def test_trying_again_ends_at_the_deadline(bench: Bench) -> None:
    bench.api.script = [(503, {})] * 1000
    with pytest.raises(ClusterUnavailable, match="503"):
        bench.client.get(f"{PODS}/p")
    assert 10 < bench.time.now <= 20


@pytest.mark.parametrize("status", [400, 403, 405, 422])
def test_what_trying_again_cannot_mend_is_said_at_once(bench: Bench, status: int) -> None:
    bench.api.script = [(status, {})]
    with pytest.raises(ClusterUnavailable, match=str(status)):
        bench.client.create(PODS, {"metadata": {"name": "q"}})
    assert bench.time.slept == []


def test_a_401_renews_the_token_once(bench: Bench) -> None:
    bench.api.script = [(401, {})]
    bench.client.get(f"{PODS}/p")
    assert bench.tokens.renewed == 1
    assert bench.api.seen[1][2]["Authorization"] == "Bearer 1"


def test_a_second_401_is_the_end(bench: Bench) -> None:
    bench.api.script = [(401, {}), (401, {})]
    with pytest.raises(ClusterUnavailable, match="401"):
        bench.client.get(f"{PODS}/p")
    assert bench.tokens.renewed == 1


def test_refusals_have_types(bench: Bench) -> None:
    with pytest.raises(Missing):
        bench.client.get(f"{PODS}/nobody")
    with pytest.raises(Collision):
        bench.client.create(PODS, {"metadata": {"name": "p"}})
    with pytest.raises(TestFailed):
        bench.client.patch(f"{PODS}/p", [{"op": "test", "path": "/metadata/uid", "value": "another"}])
    with pytest.raises(Collision):
        bench.client.delete(f"{PODS}/p", uid="another")
    assert f"{PODS}/p" in bench.api.objects


def test_a_conflict_that_is_no_name_in_use_is_tried_again(bench: Bench) -> None:
    bench.api.script = [(409, {})]  # as a quota does that somebody changed at the same time
    assert bench.client.create(PODS, {"metadata": {"name": "q"}})["metadata"]["name"] == "q"


def test_a_create_that_was_heard_but_not_answered_collides_with_itself(bench: Bench) -> None:
    bench.client.create(PODS, {"metadata": {"name": "q"}})
    with pytest.raises(Collision):
        bench.client.create(PODS, {"metadata": {"name": "q"}})


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    time = Time()
    client = KubernetesClient(Endpoint(url, None, Tokens()), sleep=time.sleep, monotonic=time.monotonic)
    with pytest.raises(ClusterUnavailable, match="did not answer"):
        client.get(f"{PODS}/p")


def test_a_server_that_accepts_and_says_nothing_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = KubernetesClient(Endpoint(url, None, Tokens()), deadline_seconds=0.1, read_seconds=0.05)
        with pytest.raises(ClusterUnavailable, match="did not answer: ReadTimeoutError"):
            client.get(f"{PODS}/p")


def test_lists_are_read_page_by_page_with_the_selector(bench: Bench) -> None:
    bench.api.objects[f"{PODS}/p"]["metadata"]["labels"] = {"app": "a"}
    assert [found["metadata"]["name"] for found in bench.client.items(PODS, "app=a")] == ["p"]
    assert list(bench.client.items(PODS, "app=b")) == []
    assert "limit=500" in bench.api.seen[0][1]


def test_a_list_of_metadata_asks_for_nothing_else(bench: Bench) -> None:
    list(bench.client.items(PODS, "app=a", metadata_only=True))
    assert "PartialObjectMetadataList" in bench.api.seen[0][2]["Accept"]
