"""A hostile site against its pod: it looks for secrets, for a way into the agent, for a way to outlive it.

What it does runs as the site's own user, from a request to a file of the site, with a program that it brings
along (`attacker/`). Each lease ends in one of two ways: the pod is clean and proven in its next generation,
or it is gone.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from lab.client import wait_until
from lab.cluster import net
from lab.demo.inspect import traces
from lab.kubectl import Kubectl, run_in
from tests.e2e.hostile import run
from tests.e2e.takeover import ATTACKER, TakenOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source

SOURCES = Path(__file__).parent / "attacker"
AGENT = "/usr/local/bin/clone-agent"
IGNORED_SIGNALS = (1, 3, 9, 10, 12, 13, 14, 17, 19, 28)
TERMINATE = 15
EVERY_TRY = """mysqli_report(MYSQLI_REPORT_OFF);
foreach (%s as $sql) {
    $ok = $wpdb->dbh->real_query($sql);
    if ($ok) { $said[] = $sql; while ($wpdb->dbh->more_results()) { $wpdb->dbh->next_result(); } }
}"""
FORBIDDEN_SQL = (
    "SELECT 1 INTO OUTFILE '/tmp/out'",
    "LOAD DATA INFILE '/etc/clone/root-password' INTO TABLE wp_options",
    "SELECT user FROM mysql.user",
    "CREATE DATABASE another",
    "CREATE USER eve",
    "GRANT ALL ON *.* TO CURRENT_USER()",
    "SET GLOBAL general_log = ON",
    "SET PERSIST init_connect = 'SELECT 1'",
    "INSTALL COMPONENT 'file://component_validate_password'",
    "INSTALL PLUGIN x SONAME 'x.so'",
    "CREATE FUNCTION x RETURNS STRING SONAME 'x.so'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'evil.test')",
    "CREATE TABLESPACE t ADD DATAFILE 't.ibd'",
    "FLUSH LOGS",
    "ALTER INSTANCE DISABLE INNODB REDO_LOG",
    "SHUTDOWN",
)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The attacker's program, which needs nothing of the image."""
    binary = tmp_path_factory.mktemp("attacker") / "attacker"
    go = shutil.which("go") or "/usr/local/go/bin/go"
    command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(binary), "."]
    subprocess.run(command, cwd=SOURCES, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return binary.read_bytes()


@pytest.fixture
def site(system: Installation, customer: Callable[..., str], program: bytes) -> TakenOver:
    """A clone that has been taken over."""
    system.warm()
    taken = TakenOver(
        system, system.api.until_complete(system.clone(customer("hostile"))["clone_id"]), program
    )
    taken.bring()
    return taken


def test_a_hostile_tree_is_restored(site: TakenOver) -> None:
    made = site.attack("tree")
    assert all(made.values()), made
    assert site.shell("readlink /var/www/html").strip() == "other"
    site.reset()
    assert site.shell("ls -A /var/www").split() == [".generation", "html"]


def test_every_writable_inode_of_the_container_is_restored(site: TakenOver) -> None:
    """Not a list of places by name: whatever can be written to, wherever it is mounted."""
    marked = site.attack("mark", "canary")
    assert {"/var/www", "/dev/termination-log"} <= set(marked)
    assert site.attack("marked")
    site.reset()
    assert site.look("marked") == []


def test_nothing_survives_the_kill(site: TakenOver) -> None:
    name = f"canary{secrets.token_hex(4)}"
    assert site.attack("survive", name) == "left"
    assert site.attack("running", name) > 1
    site.reset()
    assert site.look("running", name) == 0


def test_a_fork_bomb_holds_up_no_reset(site: TakenOver) -> None:
    site.begin("bomb")
    full = "head -c 1 /proc/loadavg"  # a program that the pod has no process for
    wait_until("a full pod", lambda: not site.shell(full).strip().isdigit(), seconds=60)
    if site.returned():
        assert site.look("running", "attacker") == 0


@pytest.mark.parametrize("what", ["priority", "limit", "affinity", "scheduler", "disk", "memory"])
def test_who_changes_what_governs_pid_1_loses_the_pod(site: TakenOver, what: str) -> None:
    said = site.attack("govern", what)
    pod = site.returned()
    assert (said, pod is None) in {("done", True), ("refused", False)}


def test_neither_pid_1_nor_the_verifier_can_be_traced_or_read(site: TakenOver) -> None:
    site.begin("trace", 15, said="/tmp/traced")
    verify = [AGENT, "verify", "--generation", str(site.clone["generation"])]
    for _ in range(5):
        run_in(site.pod, "wordpress", verify)
    text = wait_until("the attempts", lambda: site.shell("cat /tmp/traced"), seconds=60)
    said = json.loads(text)
    assert said["others"] > 0, "no verifier was met"
    assert said["got"] == []
    site.begin("trace", 600)
    site.reset()


def test_a_false_agent_on_the_socket_is_not_believed(site: TakenOver) -> None:
    site.begin("pretend")
    asked = wait_until(
        "the false agent",
        lambda: done if (done := run_in(site.pod, "wordpress", [AGENT, "status"])).returncode else None,
        seconds=20,
    )
    assert b"not held by process 1" in asked.stderr or b"does not listen" in asked.stderr
    site.returned()  # what it says is checked there: only a true proof makes the pod warm


def test_the_site_may_not_command_the_agent(site: TakenOver) -> None:
    for words in ("status", "verify --generation 1", "import --generation 1"):
        said = run(site.system, site.clone, f"$said = shell_exec('{AGENT} {words} </dev/null 2>&1');")
        assert "may ask for files only" in said
    site.reset()


def test_the_mark_of_the_next_generation_cannot_be_forged(site: TakenOver) -> None:
    """It can: whoever reads the next password can make it. It does not help."""
    site.shell("touch /var/www/html/canary.php")
    site.begin("forge")
    if site.returned():
        assert site.shell("ls /var/www/html/canary.php 2>/dev/null").strip() == ""


def test_the_next_password_cannot_be_kept_in_the_pod(site: TakenOver) -> None:
    site.begin("hoard")
    before = site.shell("cat /etc/clone/db-password")
    site.reset()
    now = site.shell("cat /etc/clone/db-password")
    assert now != before
    assert traces(site.pod, [now]) == []
    assert site.look("marked") == []
    assert site.look("running", "hoard") == 0


def test_taking_every_place_at_the_agents_socket_keeps_no_command_waiting(site: TakenOver) -> None:
    site.begin("crowd")
    for _ in range(5):
        done = run_in(site.pod, "wordpress", [AGENT, "status"])
        assert done.returncode == 0, done.stderr
    site.reset()


def test_signals_of_the_site_do_not_reach_pid_1(site: TakenOver) -> None:
    before = site.pid_1()
    assert site.attack("signal", *IGNORED_SIGNALS) == len(IGNORED_SIGNALS)
    assert site.system.page(site.clone).status_code == 200
    assert site.pid_1() == before
    site.reset()


def _restarts(pod: str) -> int:
    containers = Kubectl().get("pod", pod)["status"]["containerStatuses"]
    return sum(one["restartCount"] for one in containers)


def test_a_site_that_ends_pid_1_loses_the_pod(site: TakenOver) -> None:
    site.shell(f"{ATTACKER} signal {TERMINATE}")
    wait_until("another PID 1", lambda: _restarts(site.pod), seconds=60)
    assert site.returned() is None


def test_what_sql_of_the_site_may_not_do(site: TakenOver) -> None:
    allowed = run(site.system, site.clone, EVERY_TRY % json.dumps(FORBIDDEN_SQL))
    assert allowed is None
    files = "$said = $wpdb->get_var(\"SELECT LOAD_FILE('/etc/clone/root-password')\");"
    assert run(site.system, site.clone, files) is None
    others = "$said = array_unique($wpdb->get_col('SHOW PROCESSLIST', 1));"
    assert run(site.system, site.clone, others) == ["wordpress"]
    site.reset()


def test_no_connection_of_a_lease_shows_in_the_next(site: TakenOver) -> None:
    """The agent has spoken with the source, and visitors with WordPress, which spoke with MySQL."""
    for _ in range(5):
        assert site.system.page(site.clone).status_code == 200
    assert ":0CEA 06" in site.shell("cat /proc/net/tcp"), "no closed connection to MySQL"
    source = "".join(f"{part:02X}" for part in reversed([int(part) for part in net.NODE_IP.split(".")]))
    assert f" {source}:0050 " not in site.shell("cat /proc/net/tcp /proc/net/tcp6")
    assert site.reset()["proof"]["checks"]["wordpress.sockets"]["count"] > 0


def test_a_pod_whose_site_has_spoken_with_its_source_is_replaced(
    site: TakenOver, small_source: Source
) -> None:
    """Its network lets it. The kernel remembers the address for as long as the pod lives."""
    parts = urlsplit(small_source.url)
    to = f"tcp://{net.NODE_IP}:{parts.port or 80}"
    spoken = f"""$to = stream_socket_client('{to}');
    fwrite($to, "HEAD / HTTP/1.1\\r\\nHost: {parts.hostname}\\r\\n\\r\\n");
    $said = strlen(fread($to, 8192)) > 0;"""
    assert run(site.system, site.clone, spoken)
    assert site.returned() is None
