"""Usable before complete: a large site is READY while its uploads follow, and none is missed meanwhile."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from lab.client import Visitor, wait_until
from lab.cluster import net
from lab.demo.inspect import traces
from lab.kubectl import Kubectl, run_in
from lab.source.manifests import NAMESPACE as SOURCES
from lab.trials.proxy import Proxy
from tests.e2e.conftest import source_up
from tests.e2e.trials import customer_of, faults_of, kill, through, under_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Installation, Source

FILES = 5000
RATE = 15_000_000
"""Bytes in a second of each connection to the source: slow enough for whatever a test does meanwhile."""
LISTED = ["sh", "-c", "cd /var/www/html/wp-content/uploads && find . -type f -exec sha256sum {} +"]


@pytest.fixture(scope="module")
def large_source(lab_env: dict[str, str]) -> Source:
    """500 MB of uploads in 5,000 files."""
    return source_up("e2e-large", "large")


@pytest.fixture
def access() -> str:
    """Who may see the clone."""
    return "public"


@pytest.fixture
def filling(system: Installation, large_source: Source, access: str) -> Iterator[dict[str, Any]]:
    """A clone that is READY while its uploads follow."""
    system.warm()
    with Proxy((net.NODE_IP, 80), bytes_per_second=RATE) as proxy:
        customer_id = customer_of(system, large_source, through(proxy, large_source))
        clone = system.clone(customer_id, access=access)
        *_, clone = system.api.watch(clone["clone_id"], seconds=180, every=0.05)
        assert clone["state"] == "READY", clone
        yield clone


def _uploads(listing: str) -> dict[str, str]:
    """Digests by path."""
    lines = (line.split("  ./", 1) for line in listing.splitlines())
    return {path: digest for digest, path in lines}


def _of_clone(clone: dict[str, Any]) -> dict[str, str]:
    return _uploads(run_in(clone["pod_name"], "wordpress", LISTED).stdout.decode())


def _of_source(source: Source) -> dict[str, str]:
    return _uploads(Kubectl(SOURCES).execute(source.name, "wordpress", LISTED))


def test_ready_before_complete_and_nothing_is_missed_meanwhile(
    system: Installation, filling: dict[str, Any], large_source: Source
) -> None:
    progress = filling["progress"]
    assert (progress["phase"], progress["usable"], progress["percent"]) == ("uploads", True, 100)
    assert progress["backfill"]["files_total"] == FILES
    assert filling["fidelity"]["complete"] is False

    oldest = min(_names(large_source))
    page = system.page(filling, f"/wp-content/uploads/{quote(oldest)}?ver=1")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("image/")
    at_this_moment = system.api.clone(filling["clone_id"])
    assert system.page(filling, "/wp-content/uploads/2020/01/never-was.jpg").status_code == 404
    assert system.page(filling, "/wp-content/uploads/2020/01/never-was.php").status_code == 403

    complete = system.api.until_complete(filling["clone_id"])
    at_source = _of_source(large_source)
    assert _of_clone(filling) == at_source
    assert hashlib.sha256(page.content).hexdigest() == at_source[oldest]
    assert at_this_moment["progress"]["phase"] == "uploads", "it was complete before anything was asked for"
    assert complete["fidelity"]["complete"] is True
    assert complete["progress"]["backfill"] == {
        "percent": 100,
        "bytes_done": progress["backfill"]["bytes_total"],
        "bytes_total": progress["backfill"]["bytes_total"],
        "files_done": FILES,
        "files_total": FILES,
    }
    assert complete["timings_ms"]["usable"] < complete["timings_ms"]["total"]
    assert system.page(filling, f"/wp-content/uploads/{quote(oldest)}").content == page.content
    assert system.api.fidelity(filling["clone_id"])["files_kept"] == []


@pytest.mark.parametrize("victim", ["agent", "worker"])
def test_who_dies_while_files_follow_is_followed_by_another(
    system: Installation, filling: dict[str, Any], large_source: Source, victim: str
) -> None:
    under_way(lambda: _files_done(system, filling), FILES // 5)
    kill(system, filling, victim)
    states = []

    def complete() -> bool:
        now = system.api.clone(filling["clone_id"])
        states.append((now["state"], now["pod_name"], now["generation"]))
        return bool(now["progress"]["phase"] == "done")

    assert _files_done(system, filling) < FILES
    wait_until("all files", complete, seconds=300)
    assert set(states) == {("READY", filling["pod_name"], filling["generation"])}
    ready = system.api.clone(filling["clone_id"])
    assert ready["fidelity"]["complete"] is True
    assert faults_of(large_source, ready) == []


def _files_done(system: Installation, clone: dict[str, Any]) -> int:
    return int(system.api.clone(clone["clone_id"])["progress"]["backfill"]["files_done"])


@pytest.mark.parametrize("access", ["private"])
def test_a_stranger_gets_none_of_them(
    system: Installation, filling: dict[str, Any], large_source: Source
) -> None:
    path = f"/wp-content/uploads/{quote(min(_names(large_source)))}"
    assert Visitor(system.visitor.ingress).get(system.host(filling), path).status_code == 403


def test_a_release_meanwhile_ends_it_like_everything_else(
    system: Installation, filling: dict[str, Any], large_source: Source
) -> None:
    pod_name = filling["pod_name"]
    system.api.release(filling["clone_id"])
    pod = wait_until(
        "the pod to be warm again",
        lambda: pod if (pod := system.api.pod(pod_name))["state"] == "WARM" else None,
        seconds=120,
    )
    assert pod["generation"] == filling["generation"] + 1
    assert pod["proof"]["generation"] == pod["generation"]
    assert traces(pod_name, [f"{large_source.name}.sources.test"]) == []
    assert not run_in(pod_name, "wordpress", ["sh", "-c", "ls -d /var/www/.backfill 2>/dev/null"]).stdout


def _names(source: Source) -> list[str]:
    script = "cd /var/www/html/wp-content/uploads && find . -type f"
    listing = Kubectl(SOURCES).execute(source.name, "wordpress", ["sh", "-c", script])
    return [line.removeprefix("./") for line in listing.splitlines()]
