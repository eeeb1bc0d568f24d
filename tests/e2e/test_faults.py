"""What goes wrong on the way, and who finishes the job."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from lab.client import wait_until
from lab.kubectl import Kubectl
from lab.node import pid1_of
from tests.e2e.inside import kill_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source


def test_the_page_is_back_with_its_data_after_mysqld_was_killed(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    before = system.page(clone)
    kill_in(clone["pod_name"], "mysql", "mysqld")
    wait_until(
        "the same page again",
        lambda: (page := system.page(clone)).status_code == 200 and page.text == before.text,
        seconds=60,
    )
    assert system.api.clone(clone["clone_id"])["state"] == "READY"


def test_the_import_finishes_though_its_worker_is_killed(
    system: Installation, customer: Callable[..., str], medium_source: Source
) -> None:
    system.warm()
    clone = system.clone(customer(source=medium_source))
    wait_until(
        "the import to be under way",
        lambda: system.api.clone(clone["clone_id"])["progress"]["bytes_done"] > 0,
        seconds=60,
        every=0.05,
    )
    killed = system.control("functions/CloneWorker/kill")
    assert killed["killed"]
    ready = system.api.until_ready(clone["clone_id"], seconds=300)
    assert (ready["pod_name"], ready["generation"]) == (clone["pod_name"], clone["generation"])
    assert system.page(ready).status_code == 200


def _used_pod(system: Installation, customer: Callable[..., str]) -> tuple[dict, str]:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    uid = (system.row("pods", pod_name=clone["pod_name"]) or {})["pod_uid"]
    return clone, uid


def _replaced(system: Installation, clone: dict) -> None:
    """The pod goes away for good, was never warm in between, and the pool fills up again."""
    seen: set[str] = set()

    def look() -> bool:
        row = system.row("pods", pod_name=clone["pod_name"])
        if row:
            seen.add(row["state"])
        return row is None

    wait_until("the pod to be replaced", look, seconds=240, every=0.1)
    assert "WARM" not in seen
    system.warm()


def test_a_pod_that_does_not_converge_is_deleted_and_replaced(
    system: Installation, customer: Callable[..., str]
) -> None:
    clone, uid = _used_pod(system, customer)
    os.kill(pid1_of(uid, "mysqld"), signal.SIGSTOP)
    system.api.release(clone["clone_id"])
    _replaced(system, clone)


def test_a_pod_in_which_the_verifier_finds_a_difference_is_deleted_and_replaced(
    system: Installation, customer: Callable[..., str]
) -> None:
    clone, uid = _used_pod(system, customer)
    os.setpriority(os.PRIO_PROCESS, pid1_of(uid, "apache2"), 5)
    system.api.release(clone["clone_id"])
    _replaced(system, clone)


def test_a_pod_that_vanishes_under_a_clone_is_told_and_replaced(
    system: Installation, customer: Callable[..., str]
) -> None:
    clone, _ = _used_pod(system, customer)
    Kubectl().run("delete", "pod", clone["pod_name"], "--now")
    system.control("schedule/PoolKeeperEveryMinute/fire")

    def failed() -> bool:
        found = system.api.clone(clone["clone_id"])
        return found["state"] == "FAILED" and found["failure"]["code"] == "pod_lost"

    wait_until("the clone to fail with pod_lost", failed, seconds=120, every=1)
    system.warm()


@pytest.mark.parametrize("breakage", ["wrong key", "no such host"])
def test_a_source_that_does_not_answer_fails_the_clone_with_a_code_and_returns_the_pod(
    system: Installation, customer: Callable[..., str], small_source: Source, breakage: str
) -> None:
    system.warm()
    customer_id = customer()
    if breakage == "wrong key":
        wrong = small_source.key[:-4] + ("AAAA" if not small_source.key.endswith("AAAA") else "BBBB")
        system.api.put_source(customer_id, small_source.url, wrong)
    else:
        system.api.put_source(customer_id, "http://nowhere.sources.test/", small_source.key)
    clone = system.clone(customer_id)

    def failed() -> dict | None:
        found = system.api.clone(clone["clone_id"])
        return found if found["state"] == "FAILED" else None

    found = wait_until("the clone to fail", failed, seconds=60)
    expected = {"wrong key": "source_refused", "no such host": "source_unreachable"}[breakage]
    assert found["failure"]["code"] == expected
    system.warm()
