"""One lease and the next: records twice and side by side, release and claim at once, late workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lab.client import ApiProblem, wait_until
from lab.kubectl import Kubectl
from lab.source.manifests import NAMESPACE as SOURCES
from tests.e2e.inside import asleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source


LEASE = ("lease_id", "pod_name", "generation")


def beginning(system: Installation, clone: dict[str, Any]) -> dict[str, str]:
    """The record that makes the worker prepare this clone."""
    return {"kind": "clone", **_keys(system, clone)}


def ending(system: Installation, clone: dict[str, Any]) -> dict[str, str]:
    """The record that takes its pod back, to be made while the row is there."""
    keys = _keys(system, clone)
    old = {f"old_{name}": keys[name] for name in LEASE}
    return {"kind": "returned", "clone_id": keys["clone_id"], **dict.fromkeys(LEASE, ""), **old}


def _keys(system: Installation, clone: dict[str, Any]) -> dict[str, str]:
    row = system.row("clones", clone_id=clone["clone_id"]) or {}
    return {name: str(row[name]) for name in ("clone_id", *LEASE)}


def back_in_the_pool(system: Installation, clone: dict[str, Any]) -> None:
    """Wait until the clone's pod is warm in its next generation."""

    def warm() -> bool:
        row = system.row("pods", pod_name=clone["pod_name"])
        assert row is not None, "the pod was replaced"
        return row["state"] == "WARM" and row["generation"] == clone["generation"] + 1

    wait_until("the pod to be warm again", warm, seconds=120)


def imports_begun(source: Source) -> int:
    """How often the source has been asked what it is, which an import does once."""
    log = Kubectl(SOURCES).logs(source.name, "wordpress")
    return sum("preflight" in line for line in log.splitlines())


def test_the_same_record_twice_and_side_by_side_makes_one_import(
    system: Installation, customer: Callable[..., str], small_source: Source
) -> None:
    system.warm()
    before = imports_begun(small_source)
    single = system.api.until_ready(system.clone(customer())["clone_id"])
    usual = imports_begun(small_source) - before
    assert usual > 0
    system.api.release(single["clone_id"])
    system.warm()

    with system.paused("pipes"):
        clone = system.clone(customer())
        record = beginning(system, clone)
        with ThreadPoolExecutor(3) as pipes:
            list(pipes.map(lambda _: system.invoke("CloneWorker", record), range(3)))
    system.invoke("CloneWorker", record)

    ready = system.api.until_ready(clone["clone_id"])
    assert system.page(ready).status_code == 200
    assert imports_begun(small_source) - before == 2 * usual


def test_the_same_name_again_after_its_pod_came_back(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm()
    first = system.api.until_ready(system.clone(customer())["clone_id"])
    record = ending(system, first)
    system.api.release(first["clone_id"])
    back_in_the_pool(system, first)

    second = system.api.until_ready(system.clone(first["customer_id"])["clone_id"])
    assert (second["pod_name"], second["generation"]) != (first["pod_name"], first["generation"])
    system.invoke("PodReturn", record)

    assert system.api.clone(first["clone_id"])["state"] == "READY"
    assert system.page(second).status_code == 200


def test_the_same_name_again_before_its_pod_came_back(
    system: Installation, customer: Callable[..., str]
) -> None:
    """The new lease waits for nothing but the old pod's row; its page is never served by the old pod."""
    system.warm()
    first = system.api.until_ready(system.clone(customer())["clone_id"])
    wait_until("the next warm pod", lambda: system.api.pool()["counts"].get("WARM"), seconds=120)
    record = ending(system, first)

    with system.paused("pipes"), ThreadPoolExecutor(1) as pipe:
        system.api.release(first["clone_id"])
        second = system.clone(first["customer_id"])
        assert second["pod_name"] not in {first["pod_name"], None}
        working = pipe.submit(system.invoke, "CloneWorker", beginning(system, second))
        system.invoke("PodReturn", record)
        working.result(timeout=120)

    assert system.api.clone(second["clone_id"])["state"] == "READY"
    assert system.page(second).status_code == 200
    back_in_the_pool(system, first)
    assert system.page(second).status_code == 200


def test_a_worker_that_slept_through_the_end_of_its_lease_is_refused_everywhere(
    system: Installation, customer: Callable[..., str], medium_source: Source
) -> None:
    warm = system.warm()["counts"]["WARM"]
    old = system.clone(customer(source=medium_source))
    heirs = [customer() for _ in range(warm + 1)]
    wait_until(
        "the import to be under way",
        lambda: system.api.clone(old["clone_id"])["progress"]["bytes_done"] > 0,
        seconds=60,
        every=0.05,
    )
    with asleep("CloneWorker"):
        assert system.api.clone(old["clone_id"])["state"] == "IMPORTING"
        system.api.release(old["clone_id"])
        back_in_the_pool(system, old)
        clones = [system.clone(heir) for heir in heirs]
    ready = [system.api.until_ready(clone["clone_id"]) for clone in clones]

    (heir,) = [one for one in ready if one["pod_name"] == old["pod_name"]]
    assert heir["generation"] == old["generation"] + 1
    assert system.page(heir).status_code == 200
    row = system.row("pods", pod_name=old["pod_name"]) or {}
    assert (row["state"], row["clone_id"]) == ("READY", heir["clone_id"])
    labels = Kubectl().get("pod", old["pod_name"])["metadata"]["labels"]
    assert (labels["clone-id"], labels["generation"]) == (heir["clone_id"], str(heir["generation"]))
    assert Kubectl().list("ingresses,services", f"clone-id={old['clone_id']}") == []
    assert system.row("clones", clone_id=old["clone_id"]) is None
    with pytest.raises(ApiProblem) as gone:
        system.api.clone(old["clone_id"])
    assert gone.value.status == 410
