"""The queue that WooCommerce and many others leave work to: in a clone none of its ways leads anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.kubectl import run_in
from tests.e2e.hostile import PLUGIN, ledger, put, run, shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation

SCHEDULER = Path(__file__).parent / "scheduler.php"
UNGUARDED = "require '/var/www/html/wp-load.php'; do_action('action_scheduler_run_queue', 'WP Cron');"


def test_no_way_leads_to_the_queue_of_action_scheduler(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    put(clone, "wp-content/mu-plugins/scheduler.php", SCHEDULER.read_text())
    run(system, clone, "MiniScheduler::enqueue('unguarded');")
    done = run_in(clone["pod_name"], "wordpress", ["php", "-r", UNGUARDED])
    assert done.returncode == 0, done.stderr
    assert "action-unguarded-ran" in shell(clone, "ls /tmp"), "the miniature does nothing by itself"
    shell(clone, "rm /tmp/action-unguarded-ran")

    nonce = run(system, clone, "MiniScheduler::enqueue('due'); $said = MiniScheduler::nonce();")
    for path in ("/wp-cron.php?doing_wp_cron=1", "/?doing_wp_cron=1"):
        system.page(clone, path)
    put(clone, f"{PLUGIN}/include.php", "<?php require '/var/www/html/wp-cron.php';")
    system.page(clone, f"/{PLUGIN}/include.php")
    ajax = f"/wp-admin/admin-ajax.php?action=as_async_request_queue_runner&nonce={nonce}"
    assert system.visitor.post(system.host(clone), ajax, {}).status_code == 200
    link = urlsplit(system.api.login_link(clone["clone_id"])["url"])
    assert system.page(clone, f"{link.path}?{link.query}").status_code == 303
    assert system.page(clone, "/wp-admin/").status_code == 200
    assert run(system, clone, "$said = MiniScheduler::run('by hand');") == 0
    said = run(system, clone, "$said = MiniScheduler::actions();")
    assert said["due"] == "pending"
    run(system, clone, "MiniScheduler::process('due', 'a runner of its own');")
    left = shell(clone, "ls /tmp")
    assert "-ran" not in left
    assert "queue-dispatched" not in left

    run(
        system,
        clone,
        "MiniScheduler::enqueue('wanted'); MiniScheduler::process('wanted', 'Admin List Table');",
    )
    assert "action-wanted-ran" in shell(clone, "ls /tmp")
    entries = ledger(system, clone, "mu-plugins/scheduler.php")
    assert {(entry["kind"], entry["method"]) for entry in entries} == {("cron", "action-scheduler")}
