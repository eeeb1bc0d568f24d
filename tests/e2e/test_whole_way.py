"""From one call to a served clone, and back into the pool."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from lab.client import ApiProblem, title_of, wait_until
from lab.demo.inspect import administrator_faults, page_faults, source_page, traces
from lab.kubectl import run_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Installation, Source


@pytest.fixture(params=["TTL", "the sweep"])
def without_ttl(request: pytest.FixtureRequest, system: Installation) -> Iterator[bool]:
    """DynamoDB's TTL on, and then off: the end of a lease must come either way."""
    off = request.param == "the sweep"
    with system.without_ttl() if off else nullcontext():
        yield off


def _plant(pod_name: str) -> str:
    """Leave something behind in the pod's files; returns what to look for."""
    canary = f"canary-{secrets.token_hex(8)}"
    script = f"echo {canary} | tee /var/www/html/x.php /tmp/x"
    assert run_in(pod_name, "wordpress", ["sh", "-c", script]).returncode == 0
    return canary


def test_a_clone_is_served_expires_and_its_pod_serves_the_next_customer(
    system: Installation,
    customer: Callable[..., str],
    small_source: Source,
    now: Callable[[], int],
    without_ttl: bool,
) -> None:
    system.warm()
    expected = source_page(system.visitor, urlsplit(small_source.url).hostname or "")
    clone = system.clone(customer(), ttl_minutes=30)
    assert clone["state"] in {"IMPORTING", "READY"}
    assert clone["start"]["kind"] == "warm"
    clone = system.api.until_ready(clone["clone_id"])
    page = system.page(clone)
    assert page_faults(page.text, page.status_code, expected) == []
    assert (
        administrator_faults(
            system.visitor, system.host(clone), small_source.admin_user, small_source.admin_password
        )
        == []
    )
    canary = _plant(clone["pod_name"])

    # a minute ago: DynamoDB Local's TTL leaves what expired more than five years ago, as AWS does
    system.table("clones").update_item(
        Key={"clone_id": clone["clone_id"]},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": now() - 60},
    )
    with pytest.raises(ApiProblem) as gone:
        system.api.clone(clone["clone_id"])
    assert gone.value.status == 410
    if without_ttl:
        system.control("schedule/PoolKeeperEveryMinute/fire")
        system.gone(clone["clone_id"])
    else:
        with system.paused("schedule"):  # so that no sweep does TTL's work
            system.gone(clone["clone_id"], seconds=180)

    def proved() -> dict | None:
        pod = system.api.pod(clone["pod_name"])
        assert pod["state"] != "DELETING", pod
        return pod if pod["state"] == "WARM" else None

    pod = wait_until("the pod to be warm again", proved, seconds=120)
    assert pod["generation"] == clone["generation"] + 1
    assert pod["proof"]["generation"] == pod["generation"]
    assert traces(clone["pod_name"], [canary, expected.source_host]) == []


def test_nothing_of_the_warm_page_is_remembered(
    system: Installation, customer: Callable[..., str], small_source: Source
) -> None:
    """PHP has just compiled the warm pod's wp-config.php; the clone's, with other salts, counts at once."""
    system.warm()
    for pod in system.table("pods").scan()["Items"]:
        page = run_in(pod["pod_name"], "wordpress", ["php", "-r", "readfile('http://127.0.0.1/');"])
        assert b"Warm pod" in page.stdout
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    for _ in range(3):
        visitor = replace(system.visitor, cookies={})
        visitor.admit(system.host(clone), clone)
        user, password = small_source.admin_user, small_source.admin_password
        assert administrator_faults(visitor, system.host(clone), user, password) == []


def test_the_same_request_again_returns_the_same_clone(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm()
    customer_id = customer()
    first = system.clone(customer_id)
    second = system.clone(customer_id)
    assert (second["clone_id"], second["pod_name"], second["generation"]) == (
        first["clone_id"],
        first["pod_name"],
        first["generation"],
    )


def test_nobody_sees_half_a_site(
    system: Installation, customer: Callable[..., str], medium_source: Source
) -> None:
    """While a site is being imported its address says so: no installer, no page without its tables."""
    title = source_page(system.visitor, urlsplit(medium_source.url).hostname or "").title
    system.warm()
    clone = system.clone(customer(source=medium_source))
    seen: dict[int, str] = {}
    for _ in system.api.watch(clone["clone_id"], seconds=180, every=0.02):
        page = system.page(clone)
        seen[page.status_code] = title_of(page.text)
        installer = system.page(clone, "/wp-admin/install.php")
        assert installer.status_code != 200 or "Already Installed" in installer.text
    assert seen.keys() <= {404, 503, 200}
    assert 503 in seen
    assert seen.get(200, title) == title


def test_releasing_twice_is_the_same_as_once(system: Installation, customer: Callable[..., str]) -> None:
    system.warm()
    clone = system.clone(customer())
    system.api.release(clone["clone_id"])
    system.api.release(clone["clone_id"])
    system.gone(clone["clone_id"])


def test_an_empty_pool_serves_without_waiting_for_a_tick(
    system: Installation, customer: Callable[..., str]
) -> None:
    """More customers than warm pods: the rest wait for a new pod, though the schedule never fires."""
    counts = system.warm()["counts"]
    customers = [customer() for _ in range(counts["WARM"] + 1)]
    with system.paused("schedule"):
        clones = [system.clone(customer_id) for customer_id in customers]
        cold = [clone for clone in clones if clone["state"] == "QUEUED"]
        assert len(cold) == 1
        assert cold[0]["start"]["kind"] == "cold"
        ready = [system.api.until_ready(clone["clone_id"]) for clone in clones]
    pods = {(clone["pod_name"], clone["generation"]) for clone in ready}
    assert len(pods) == len(ready)
    assert all(system.page(clone).status_code == 200 for clone in ready)


def test_an_empty_pool_says_so_to_who_does_not_want_to_wait(
    system: Installation, customer: Callable[..., str]
) -> None:
    counts = system.warm()["counts"]
    for _ in range(counts["WARM"]):
        system.clone(customer())
    with pytest.raises(ApiProblem) as refused:
        system.clone(customer(), on_empty="reject")
    assert (refused.value.status, refused.value.code) == (503, "pool_empty")
