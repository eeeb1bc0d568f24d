"""Functions that die in the middle of a return: the address is closed in time, the pod proved or replaced."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from lab.client import wait_until
from lab.kubectl import Kubectl
from tests.e2e.inside import end_at_once
from tests.e2e.shorten import expire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation

LONGEST_SECONDS = 75
TRIES = 6
TICK = "schedule/PoolKeeperEveryMinute/fire"


def _row(system: Installation, clone: dict[str, Any]) -> dict[str, Any]:
    return system.row("pods", pod_name=clone["pod_name"]) or {}


def _ready(system: Installation, customer: Callable[..., str]) -> dict[str, Any]:
    system.warm()
    return system.api.until_ready(system.clone(customer())["clone_id"])


def _resetting(system: Installation, clone: dict[str, Any]) -> None:
    """Returns in the very moment in which the pod's row says that the lease is over."""
    deadline = time.monotonic() + 60
    while _row(system, clone).get("state") != "RESETTING":
        assert time.monotonic() < deadline, "the pod does not come back"


def _routed(clone: dict[str, Any]) -> bool:
    return bool(Kubectl().list("ingresses", "pod-name=" + clone["pod_name"]))


def test_an_expired_address_is_closed_in_time_though_its_return_died_right_after_the_row(
    system: Installation,
    customer: Callable[..., str],
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The kill has to hit the moment between row and route, so it is tried until it did."""
    for _ in range(TRIES):
        clone = _ready(system, customer)
        with system.paused("schedule"):
            expires_at = int(time.time()) + 2
            expire(system, clone, expires_at)
            with end_at_once("PodReturn"):
                _resetting(system, clone)
            routed = _routed(clone)
        if routed:
            break
    assert routed, f"the route was gone before each of {TRIES} kills"
    system.gone(clone["clone_id"], seconds=expires_at + LONGEST_SECONDS - time.time())
    took = time.time() - expires_at
    record_property("seconds_after_expiry", round(took, 1))
    with capsys.disabled():
        print(f"\nexpired clone gone after {took:.1f} s, its return dead")
    system.warm()


MOMENTS = {"row": 0.0, "Secret": 0.15, "kill": 0.4, "restore": 0.9, "verify": 1.8}
"""Seconds after the row's change, by what is going on then on an idle lab."""


@pytest.mark.parametrize("function", ["PodReturn", "PoolKeeper"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reset_whose_function_is_killed_ends_in_a_proof_or_in_another_pod(
    system: Installation, customer: Callable[..., str], function: str, moment: str
) -> None:
    clone = _ready(system, customer)
    with system.paused("schedule"), system.paused("pipes"):
        system.api.release(clone["clone_id"])
        if function == "PodReturn":
            system.control("pipes/resume")
        else:
            _overdue(system, clone)
            system.control(TICK)
        with end_at_once(function):
            _resetting(system, clone)
            time.sleep(MOMENTS[moment])
        _finish(system, clone)
    system.warm()


def _overdue(system: Installation, clone: dict[str, Any]) -> None:
    """As if nobody had shown himself for long enough; a row that waits for nobody is left alone."""
    with suppress(system.dynamodb.meta.client.exceptions.ConditionalCheckFailedException):
        system.table("pods").update_item(
            Key={"pod_name": clone["pod_name"]},
            UpdateExpression="SET deadline_at = :past",
            ConditionExpression="attribute_exists(deadline_at)",
            ExpressionAttributeValues={":past": 1},
        )


def _finish(system: Installation, clone: dict[str, Any]) -> None:
    """The schedule goes on with it; whenever the row says WARM, it has the proof of its own generation."""

    def done() -> bool:
        row = _row(system, clone)
        if not row:
            return True  # replaced
        if row["state"] == "WARM":
            assert row["generation"] == clone["generation"] + 1
            proof = system.api.pod(clone["pod_name"])["proof"]
            assert proof["generation"] == row["generation"]
            assert all(check["ok"] for check in proof["checks"].values())
            return True
        assert row["state"] in {"RESETTING", "DELETING"}, row["state"]
        assert "warm_since" not in row
        return False

    if not done():
        _overdue(system, clone)
        system.control(TICK)
    wait_until("a proof or another pod", done, seconds=120, every=0.1)
