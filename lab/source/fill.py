"""Fill a source's pod: with generated content, or with a dump and the files that belong to it."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lab.source.spec import SLOW_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.kubectl import Kubectl
    from lab.source.spec import Brought, Source

ADMINISTRATOR = "admin"
_GENERATOR = Path(__file__).parent / "generator"
_IN_POD = "/tmp/generator"  # noqa: S108 (the container's own)
_CONTENT = "/var/www/html/wp-content"
_CLI = f"{_CONTENT}/plugins/custom-migrator/cli.php"
_LOAD_DUMP = Path(__file__).parent / "load-dump.sh"
_PHP = ["php", "-d", "memory_limit=512M"]
"""A weak host is weak for its visitors; whoever fills it is not one."""


def generator_digest() -> str:
    """Changes with the generator, with what starts MariaDB and with what makes PHP slow."""
    total = hashlib.sha256()
    here = Path(__file__).parent
    for file in (*sorted(_GENERATOR.glob("*.php")), here / "mariadb.sh", here / SLOW_FILE):
        total.update(file.name.encode() + file.read_bytes())
    return total.hexdigest()


def fill(kubectl: Kubectl, source: Source, password: str, say: Callable[[str], None]) -> str:
    """Make the site and return its export key.

    Args:
        password: what the site's administrator shall log in with.
        say: is told what happens.

    Raises:
        LabError: something in the pod failed; the message has its words.
    """
    if source.brought:
        _bring(kubectl, source.name, source.brought, say)
    run = kubectl.execute
    run(source.name, "wordpress", ["mkdir", "-p", _IN_POD])
    unpack = ["tar", "--extract", f"--directory={_IN_POD}", "--file=-"]
    run(source.name, "wordpress", unpack, stdin=lambda pipe: _pack(_GENERATOR, pipe))
    job = json.dumps(_job(source, password)).encode()
    for script in _scripts(source):
        said = run(source.name, "wordpress", [*_PHP, f"{_IN_POD}/{script}"], stdin=job)
    say(f"{source.name}: filled: {said.strip()}")
    created = run(source.name, "wordpress", [*_PHP, _CLI, "create-key", "--label=lab"])
    return str(json.loads(created)["key"])


def _scripts(source: Source) -> list[str]:
    """What makes the site, in this order; each loads WordPress as the one before has left it."""
    first = [] if source.on.has_a_site else ["install.php"]
    return [*first, "main.php", *(["found-network.php", "settle-network.php"] if source.on.network else [])]


def _bring(kubectl: Kubectl, pod: str, brought: Brought, say: Callable[[str], None]) -> None:
    say(f"{pod}: loading {brought.dump.name}")
    load = ["sh", "-c", _LOAD_DUMP.read_text()]
    kubectl.execute(pod, "mysql", load, stdin=lambda pipe: _stream(brought.dump, pipe))
    say(f"{pod}: copying {brought.content}")
    unpack = ["tar", "--extract", "--no-same-owner", f"--directory={_CONTENT}", "--file=-"]
    kubectl.execute(pod, "wordpress", unpack, stdin=lambda pipe: _pack(brought.content, pipe))


def _job(source: Source, password: str) -> dict[str, str | None]:
    return {
        "url": source.url,
        "title": f"{source.name} ({source.size})",
        "admin_user": ADMINISTRATOR,
        "admin_password": password,
        "size": source.size,
        "prefix": source.on.prefix,
    }


def _stream(dump: Path, pipe: IO[bytes]) -> None:
    with gzip.open(dump) if dump.suffix == ".gz" else dump.open("rb") as sql:
        shutil.copyfileobj(sql, pipe, 1 << 20)


def _pack(folder: Path, pipe: IO[bytes]) -> None:
    with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, arcname=".")
