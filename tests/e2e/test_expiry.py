"""The end of a lease whose every record is lost, and a pod that did not prove clean."""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lab.client import wait_until
from lab.kubectl import Kubectl, run_in
from lab.node import pid1_of
from tests.e2e.shorten import expire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from tests.e2e.conftest import Installation

LONGEST_SECONDS = 75


def test_75_seconds_after_expiry_nothing_answers_though_every_record_is_lost(
    system: Installation,
    customer: Callable[..., str],
    now: Callable[[], int],
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No TTL, no pipe: the schedule alone, wherever in its minute the clone expires."""
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    old_password = run_in(clone["pod_name"], "wordpress", ["cat", "/etc/clone/db-password"]).stdout
    login = system.page(clone, "/wp-login.php")
    assert login.status_code == 200
    with system.without_ttl(), system.paused("pipes"):
        expires_at = now() + 2
        expire(system, clone, expires_at)
        wait_until("the clone to expire", lambda: time.time() >= expires_at, seconds=10)
        system.gone(clone["clone_id"], seconds=LONGEST_SECONDS)
        took = time.time() - expires_at
        assert system.page(clone, "/wp-login.php").status_code == 404
        names = {one["metadata"]["name"] for one in Kubectl().list("services,ingresses")}
        assert clone["clone_id"] not in names
        wait_until(
            "the old password to be refused",
            lambda: not _lets_in(clone["pod_name"], old_password),
            seconds=expires_at + LONGEST_SECONDS - time.time(),
        )
    record_property("seconds_after_expiry", round(took, 1))
    with capsys.disabled():
        print(f"\nexpired clone gone after {took:.1f} s")
    system.warm()


def _lets_in(pod_name: str, password: bytes) -> bool:
    script = "read -r MYSQL_PWD; export MYSQL_PWD; mysql --no-defaults -h127.0.0.1 -uwordpress -e 'SELECT 1'"
    return (
        run_in(
            pod_name, "mysql", ["sh", "-c", f"printf '%s\\n' '{password.decode()}' | {{ {script}; }}"]
        ).returncode
        == 0
    )


@contextmanager
def _keeping_suspects(system: Installation) -> Iterator[None]:
    """The policy says quarantine until the keeper's next tick, which comes after this."""
    with system.paused("schedule"):
        row = system.row("pools", pool="default") or {}
        policy = {**json.loads(row["policy"]), "on_suspicion": "quarantine"}
        system.table("pools").update_item(
            Key={"pool": "default"},
            UpdateExpression="SET policy = :policy",
            ExpressionAttributeValues={":policy": json.dumps(policy)},
        )
        yield


def test_a_pod_with_a_difference_is_cut_off_and_kept_with_the_evidence(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    pod_name = clone["pod_name"]
    uid = (system.row("pods", pod_name=pod_name) or {})["pod_uid"]
    os.setpriority(os.PRIO_PROCESS, pid1_of(uid, "apache2"), 5)
    with _keeping_suspects(system):
        system.api.release(clone["clone_id"])

        def held() -> dict[str, Any] | None:
            found = system.api.call("GET", "/pool/pods?state=QUARANTINED")["pods"]
            return next(
                (one for one in found if one["pod_name"] == pod_name and "deadline_at" not in one), None
            )

        wait_until("the pod to be in quarantine", held, seconds=60)
        pod = system.api.pod(pod_name)
        assert pod["proof"] is None
        assert any("wordpress.limits" in finding for finding in pod["evidence"]["findings"])
        assert pod["evidence"]["checks"]["wordpress.limits"]["ok"] is False
        assert pod["evidence"]["logs"].keys() == {"wordpress", "mysql"}
        assert system.api.pool()["counts"]["QUARANTINED"] == 1
        labels = Kubectl().get("pod", pod_name)["metadata"]["labels"]
        assert labels["pool-status"] == "quarantined"
        assert "clone-id" not in labels
        assert system.page(clone).status_code == 404
        system.api.call("DELETE", f"/pool/pods/{pod_name}")
        wait_until("the row to go", lambda: system.row("pods", pod_name=pod_name) is None, seconds=60)
    lease = system.row("leases", pod_name=pod_name, generation=clone["generation"]) or {}
    assert "wordpress.limits" in lease["evidence"]
    system.warm()


def test_the_proof_names_images_template_and_times(system: Installation) -> None:
    system.warm()
    for row in system.api.call("GET", "/pool/pods?state=WARM")["pods"]:
        proof = system.api.pod(row["pod_name"])["proof"]
        assert proof["generation"] == row["generation"]
        assert proof["template_hash"] == row["template_hash"]
        assert proof["images"].keys() == proof["times"].keys() == {"wordpress", "mysql"}
        assert all("sha256:" in image for image in proof["images"].values())
        assert all(
            {"killed_at", "restored_at", "started_at"} <= times.keys() for times in proof["times"].values()
        )
        assert all(check["ok"] for check in proof["checks"].values())
