"""Code of a hostile site, planted in a clone and called as visitors call it: through the ingress."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from lab.client import wait_until
from lab.kubectl import run_in

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation

DOCROOT = "/var/www/html"
PLUGIN = "wp-content/plugins/hostile"


def put(clone: dict[str, Any], path: str, content: str) -> None:
    """Write a file of the clone's site, below its document root."""
    file = f"{DOCROOT}/{path}"
    script = f'mkdir -p "$(dirname {file})" && cat >{file}'
    done = run_in(clone["pod_name"], "wordpress", ["sh", "-c", script], stdin=content.encode())
    assert done.returncode == 0, done.stderr.decode()


def shell(clone: dict[str, Any], script: str) -> str:
    """What a shell in the wordpress container says, its errors included."""
    done = run_in(clone["pod_name"], "wordpress", ["sh", "-c", f"({script}) 2>&1; true"])
    return done.stdout.decode(errors="replace")


def run(system: Installation, clone: dict[str, Any], php: str, folder: str = PLUGIN) -> Any:
    """Run PHP in a request of its own; it sets `$said`, which comes back. WordPress is loaded first."""
    path = f"{folder}/attack-{secrets.token_hex(4)}.php"
    put(
        clone,
        path,
        f"<?php require '{DOCROOT}/wp-load.php'; $said = null; {php}; echo '@@', json_encode($said);",
    )
    answer = system.page(clone, f"/{path}")
    assert answer.status_code == 200, answer.text[:500]
    return json.loads(answer.text.rpartition("@@")[2])


def ledger(system: Installation, clone: dict[str, Any], caller: str) -> list[dict[str, Any]]:
    """Let the keeper look at the clone now; what it brings of this caller."""
    system.table("pods").update_item(
        Key={"pod_name": clone["pod_name"]},
        UpdateExpression="SET deadline_at = :past",
        ExpressionAttributeValues={":past": 1},
    )
    system.control("schedule/PoolKeeperEveryMinute/fire")

    def found() -> list[dict[str, Any]] | None:
        entries = system.api.call("GET", f"/clones/{clone['clone_id']}/outbound")["entries"]
        return [entry for entry in entries if entry["caller"] == caller] or None

    return wait_until("the ledger", found, seconds=30)
