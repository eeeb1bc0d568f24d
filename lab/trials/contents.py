"""Both ends of an import, compared: every row of every table and every file, byte by byte."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.cluster import net
from lab.kubectl import run_in
from lab.source.manifests import NAMESPACE as SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCRIPTS = Path(__file__).parent
_PHP = ["php", "-d", "memory_limit=-1", "-d", "pcre.jit=0", "-r"]
_SQL = """set -eu
umask 077
trap 'rm -f /tmp/trial.cnf' EXIT
password=$(cat /etc/clone/root-password)
printf '[client]\\nuser=root\\nsocket=/run/clone/mysqld.sock\\npassword="%s"\\n' "$password" > /tmp/trial.cnf
mysql --defaults-file=/tmp/trial.cnf --binary-mode --max-allowed-packet=1G wordpress
"""


@dataclass(frozen=True, slots=True)
class End:
    """A site, as a pod holds it."""

    pod: str
    namespace: str

    @classmethod
    def source(cls, name: str) -> End:
        """A site of `python -m lab source`."""
        return cls(name, SOURCES)

    @classmethod
    def clone(cls, pod_name: str) -> End:
        """A clone."""
        return cls(pod_name, net.NAMESPACE)

    def run(self, container: str, command: list[str], stdin: bytes | None = None) -> str:
        """Run a command in a container. Raises RuntimeError with what it said, if it failed."""
        done = run_in(self.pod, container, command, stdin=stdin, namespace=self.namespace)
        if done.returncode != 0:
            said = (done.stdout[-500:] + done.stderr[-2000:]).decode(errors="replace")
            raise RuntimeError(f"{command[0]} in {self.pod}/{container} failed: {said}")
        return done.stdout.decode()

    def sql(self, statements: str) -> str:
        """Run statements in the site's database as its administrator."""
        return self.run("mysql", ["sh", "-c", _SQL], statements.encode())

    def database(
        self, *, back: Mapping[str, str] | None = None, without: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Tables with their columns, number of rows and digest; views, triggers, routines, events.

        Args:
            back: addresses of the clone, each with that of the source, which is what counts.
            without: conditions in SQL, by table, of rows that do not count.
        """
        job = {"back": dict(back or {}), "without": dict(without or {})}
        answer: dict[str, Any] = json.loads(self._php("rows.php", json.dumps(job).encode()))
        return answer

    def files(self) -> dict[str, str]:
        """Every path below the document root, with the digest and size of its content or what else it is."""
        found: dict[str, str] = json.loads(self._php("files.php"))
        return found

    def options(self, prefix: str) -> dict[str, Any]:
        """`cron`, a list of its events without their times, and `blog_public`."""
        found: dict[str, Any] = json.loads(self._php("options.php", None, prefix))
        return found

    def _php(self, script: str, stdin: bytes | None = None, *arguments: str) -> str:
        text = (_SCRIPTS / script).read_text().removeprefix("<?php")
        return self.run("wordpress", [*_PHP, text, *arguments], stdin)


def addresses(clone: str, source: str) -> dict[str, str]:
    """Spellings of the clone's address, each with that of the source.

    Where both addresses have the same length the lengths inside of serialized values are the same too, and a
    clone becomes its source again by replacing these.
    """
    spellings = ((":", "/"), (":", "\\/"), ("%3A", "%2F"), ("%3a", "%2f"))
    return {
        clone.replace(":", colon).replace("/", slash): source.replace(":", colon).replace("/", slash)
        for colon, slash in spellings
    }


def differences(source: Mapping[str, Any], clone: Mapping[str, Any]) -> list[str]:
    """What is not the same in two answers of `tables` or `files`, in words."""
    lost = [f"{name} is missing" for name in source.keys() - clone.keys()]
    new = [f"{name} is extra" for name in clone.keys() - source.keys()]
    other = [
        f"{name} is {clone[name]}, not {source[name]}"
        for name in source.keys() & clone.keys()
        if source[name] != clone[name]
    ]
    return sorted([*lost, *new, *other])
