"""What the trials of the import share: odd sources, clones compared with them, failures awaited."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lab.client import wait_until
from lab.cluster import net
from lab.node import pid1_of
from lab.trials import contents
from lab.trials.contents import End
from lab.trials.pretender import Pretender
from tests.e2e.conftest import source_up
from tests.e2e.inside import kill_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.trials.pretender import Act
    from lab.trials.proxy import Proxy
    from tests.e2e.conftest import Installation, Source

SQL = Path(__file__).parent / "import"
UPLOADS = "/var/www/html/wp-content/uploads"
PREFIX = "trial_"
CASES_AT_ONCE = 3
NOT_OF_THE_SITE = {"dev_options", "dev_posts", "dev_users"}
"""Tables of another WordPress, though their names begin with the prefix of this one."""
# What a source keeps to itself, what a clone says of itself, and what either writes while it is looked at.
# What must hold for `blog_public` and `cron` is looked at apart.
OWN_ROWS = {
    "options": r"option_name LIKE '\_transient\_%' OR option_name LIKE '\_site\_transient\_%'"
    r" OR option_name LIKE 'custom\_migrator\_%' OR option_name IN ('blog_public', 'cron')",
    "usermeta": r"meta_key IN ('session_tokens', '_application_passwords')"
    r" OR meta_key LIKE 'custom\_migrator\_%'",
}
OWN_FILES = ("wp-config.php", "wp-content/plugins/custom-migrator")
ODD_FILES = r"""set -e
mkdir -p odd && cd odd
printf 'spaces' > ' two  spaces '
printf 'unicode' > 'Größe 🦆 日本.txt'
printf 'new line' > "$(printf 'new\nline')"
printf 'no utf-8' > "$(printf 'caf\351')"
printf 'long' > "$(head -c 255 /dev/zero | tr '\0' l)"
printf 'quote' > "it's \"quoted\" \\ back"
: > empty
head -c 3000000 /dev/zero | tr '\0' z > zeros
ln -sf empty inside
ln -sf /etc/passwd outside
ln -sf ../../../../../../etc/passwd climbs
ln -sf nowhere broken
[ -p pipe ] || mkfifo pipe
"""
SKIPPED_FILES = {
    "outside": "link_outside",
    "climbs": "link_outside",
    "broken": "link_broken",
    "pipe": "special",
}


def exotic_source(name: str, database: str, *options: str) -> Source:
    """A small site with a prefix of its own, and with everything that SQL and names of files allow."""
    source = source_up(name, "small", "--database", database, "--prefix", PREFIX, *options)
    end = End.source(name)
    if not end.sql(f"SHOW TABLES LIKE '{PREFIX}keyless'"):
        end.sql(_exotic_sql(source, database))
        end.run("wordpress", ["sh", "-c", f"cd {UPLOADS}\n{ODD_FILES}"])
    return source


def _exotic_sql(source: Source, database: str) -> str:
    text = "".join((SQL / name).read_text() for name in ("exotic.sql", f"exotic-{database}.sql"))
    digits = " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10))
    words = {
        "prefix": PREFIX,
        "url": source.url,
        "url_length": str(len(source.url)),
        "all_bytes": f"0x{bytes(range(256)).hex()}",
        "digits": f"({digits})",
    }
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def customer_of(system: Installation, source: Source, url: str | None = None) -> str:
    """A customer whose clone's address is as long as the source's (contents.addresses), not used before."""
    customer_id = f"c{secrets.token_hex(20)}"[: len(source.name)]
    system.api.put_source(customer_id, url or source.url, source.key)
    return customer_id


def through(proxy: Proxy, source: Source) -> str:
    """The source's address by way of the proxy."""
    return f"http://{urlsplit(source.url).hostname}:{proxy.port}"


def faults_of(
    source: Source, clone: dict[str, Any], prefix: str = "wp_", without: Mapping[str, str] | None = None
) -> list[str]:
    """Every way in which a READY clone does not hold what its source holds; `without` is more of OWN_ROWS."""
    own = {prefix + table: rows for table, rows in {**OWN_ROWS, **(without or {})}.items()}
    foreign = {prefix + table for table in NOT_OF_THE_SITE}
    there = End.source(source.name).database(without=own)
    here = End.clone(clone["pod_name"]).database(
        without=own, back=contents.addresses(clone["public_url"], source.url)
    )
    wanted = {
        name: table
        for name, table in there["tables"].items()
        if name.startswith(prefix) and name not in foreign
    }
    faults = contents.differences(wanted, here["tables"])
    for kind in ("views", "triggers"):
        if here[kind] != there[kind]:
            faults.append(f"{kind} are {here[kind]}, not {there[kind]}")
    faults += [f"{kind} came along: {here[kind]}" for kind in ("routines", "events") if here[kind]]
    return faults + option_faults(source, clone, prefix) + _file_faults(source, clone)


def option_faults(source: Source, clone: dict[str, Any], prefix: str) -> list[str]:
    """Whether a clone is hidden from search engines, and has every scheduled event of its source.

    It may have more: WordPress schedules its own anew with any page of either.
    """
    there, here = (end.options(prefix) for end in (End.source(source.name), End.clone(clone["pod_name"])))
    back = contents.addresses(clone["public_url"], source.url)
    events = Counter(_replaced(event, back) for event in here["cron"])
    faults = [f"{prefix}: no event {event}" for event in Counter(there["cron"]) - events]
    return faults + ([] if here["blog_public"] == "0" else [f"{prefix}: search engines are let in"])


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, other in words.items():
        text = text.replace(word, other)
    return text


def _file_faults(source: Source, clone: dict[str, Any]) -> list[str]:
    there, here = (
        {path: what for path, what in end.files().items() if not path.startswith(OWN_FILES)}
        for end in (End.source(source.name), End.clone(clone["pod_name"]))
    )
    skipped = {f"wp-content/uploads/odd/{name}" for name in SKIPPED_FILES}
    return contents.differences({path: what for path, what in there.items() if path not in skipped}, here)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a clone that could not be made ended."""

    clone: dict[str, Any]
    seconds: float
    """From POST to FAILED or READY: measured for who reads the report, and never asserted."""
    report: dict[str, Any] = field(default_factory=dict)
    """Of a clone that became READY: its fidelity."""

    @property
    def code(self) -> str | None:
        """Of the failure; None: the clone became READY."""
        failure = self.clone.get("failure")
        return failure["code"] if failure else None

    @property
    def detail(self) -> str:
        """The failure in words."""
        return str((self.clone.get("failure") or {}).get("detail", ""))


def attempt(system: Installation, customer_id: str, seconds: float = 120) -> Outcome:
    """Ask for a clone and wait for its end, whichever it is: FAILED, or READY and all files there."""
    began = time.monotonic()
    clone = system.clone(customer_id)
    *_, clone = system.api.watch(clone["clone_id"], seconds=seconds, every=0.1)
    took = time.monotonic() - began
    if clone["state"] != "READY":
        return Outcome(clone, took)
    clone = system.api.until_complete(clone["clone_id"], seconds=seconds)
    return Outcome(clone, took, system.api.fidelity(clone["clone_id"]))


def returned(system: Installation, clone: dict[str, Any], seconds: float = 90) -> str:
    """Wait until the pod of a clone that failed is warm in its next generation, or gone; says which."""

    def look() -> str | None:
        row = system.row("pods", pod_name=clone["pod_name"])
        if row is None:
            return "replaced"
        return "warm" if row["state"] == "WARM" and row["generation"] > clone["generation"] else None

    return wait_until(f"{clone['pod_name']} to be clean", look, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Case:
    """A source that is none, and the code with which its clone has to fail; None: it becomes READY.

    Attributes:
        acts, facts, host: of the Pretender.
        url: instead of the Pretender's; `{port}` is where that listens.
        key: instead of the Pretender's.
    """

    code: str | None
    acts: dict[str, Act] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    host: str = net.NODE_IP
    url: str = "http://{host}:{port}"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a case."""

    outcome: Outcome
    pod: str
    asked: list[str]
    """The endpoints for which the source was asked."""

    def report(self, name: str) -> None:
        """Print what was measured, for `pytest -rA`."""
        failed = f"{self.outcome.code}: {self.outcome.detail}"
        print(f"{name}: FAILED after {self.outcome.seconds:.1f} s ({failed}), pod {self.pod}")


def try_all(system: Installation, cases: Mapping[str, Case]) -> dict[str, Tried]:
    """Try every case, a few at a time, and wait until each pod is clean again."""

    def attempt_one(case: Case) -> Tried:
        with Pretender(case.acts, case.facts, case.host) as source:
            customer_id = f"case-{secrets.token_hex(6)}"
            url = case.url.format(host=case.host, port=source.port)
            system.api.put_source(customer_id, url, case.key or str(source.key))
            outcome = attempt(system, customer_id)
        if outcome.code is None:
            system.api.release(customer_id)
        return Tried(outcome, returned(system, outcome.clone), source.asked)

    system.warm()
    with ThreadPoolExecutor(CASES_AT_ONCE) as customers:
        return dict(zip(cases, customers.map(attempt_one, cases.values()), strict=True))


def under_way(measure: Callable[[], int], amount: int, seconds: float = 60) -> None:
    """Wait until so much of an import has happened."""
    wait_until(f"{amount} bytes of the import", lambda: measure() >= amount, seconds=seconds, every=0.02)


def kill(system: Installation, clone: dict[str, Any], victim: str) -> None:
    """SIGKILL one of those who make a clone: `worker`, `mysqld` or `agent` (of the wordpress container)."""
    if victim == "worker":
        assert system.control("functions/CloneWorker/kill")["killed"]
    elif victim == "mysqld":
        kill_in(clone["pod_name"], "mysql", "mysqld")
    else:
        row = wait_until("the pod", lambda: system.row("pods", pod_name=clone["pod_name"]), seconds=5)
        os.kill(pid1_of(row["pod_uid"], "apache2"), signal.SIGKILL)
