"""What AWS is to the functions: DynamoDB Local, Secrets Manager, and what calls them with their events."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lab.aws import dynamodb, secrets
from lab.aws.service import ServiceError, answers_http, refuse_taken
from lab.errors import LabError
from lab.paths import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.paths import Paths
    from lab.process import Registry
    from lab.steps import Steps

API_PORT, DYNAMODB_PORT, SECRETS_PORT = 8080, 8000, 8001
API_URL = f"http://127.0.0.1:{API_PORT}"
DYNAMODB_URL = f"http://127.0.0.1:{DYNAMODB_PORT}"
SECRETS_URL = f"http://127.0.0.1:{SECRETS_PORT}"
FUNCTIONS, DYNAMODB, SECRETS = "functions", "dynamodb", "secrets"
HEALTH = {
    DYNAMODB: DYNAMODB_URL,
    SECRETS: f"{SECRETS_URL}/moto-api/data.json",
    FUNCTIONS: f"{API_URL}/_lab/health",
}
START_SECONDS = 60.0
POLL_SECONDS = 0.1
_CODE = ("template.yaml", "functions", "layers", "lab/aws")
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Services:
    """The services under one folder."""

    paths: Paths
    registry: Registry
    steps: Steps

    @property
    def tables_are_new(self) -> bool:
        """Whether `up` would start with empty tables: they live in memory."""
        return not self.registry.alive(DYNAMODB)

    def start_stores(self) -> None:
        """Start DynamoDB Local and Secrets Manager unless they run. Raises LabError with the log's end."""
        with self.steps.step("DynamoDB Local, Secrets Manager"):
            self._start_stores()

    def start_functions(self, parameters: dict[str, str]) -> None:
        """Start the functions and their events; anew, when their code or parameters have changed.

        Raises:
            LabError: they do not answer; the message has the end of the log.
        """
        with self.steps.step("functions, API, schedule, pipes"):
            self._start_functions(parameters)
            self._await_api()

    def down(self) -> None:
        """End them; functions first, so that none meets missing tables."""
        self.registry.stop([FUNCTIONS], grace_seconds=3)
        self.registry.stop([DYNAMODB, SECRETS], grace_seconds=1)

    def health(self) -> dict[str, tuple[int | None, int | None, bool]]:
        """For each service: process id, epoch seconds of its start, and whether it answers."""
        result: dict[str, tuple[int | None, int | None, bool]] = {}
        for name, url in HEALTH.items():
            process = self.registry.get(name)
            if process is None or not process.alive:
                result[name] = (None, None, False)
            else:
                result[name] = (process.pid, process.since, answers_http(url))
        return result

    def _start_stores(self) -> None:
        starters = {
            DYNAMODB: partial(dynamodb.start, DYNAMODB_PORT),
            SECRETS: partial(secrets.start, SECRETS_PORT),
        }
        if not all(self.registry.alive(name) for name in starters):
            self.down()  # their contents belong together: a clone's row, its source's key
            for folder in ("pipes", "queues"):  # positions in streams that are no more
                shutil.rmtree(self.paths.events / folder, ignore_errors=True)
        for name, start in starters.items():
            if not self.registry.alive(name):
                with _told():
                    self.registry.record(name, start(log=self.paths.log(name)).pid)

    def _start_functions(self, parameters: dict[str, str]) -> None:
        config = json.dumps(self._config(parameters), indent=1)
        stamp = f"{config}\n{_digest()}"
        file, mark = self.paths.run / "functions.json", self.paths.run / "functions.stamp"
        if self.registry.alive(FUNCTIONS) and mark.exists() and mark.read_text() == stamp:
            return
        self.registry.stop([FUNCTIONS], grace_seconds=3)
        with _told():
            refuse_taken("API", API_PORT)
        file.write_text(config)
        self.registry.start(
            FUNCTIONS, [sys.executable, "-m", "lab.aws", "serve", "--config", str(file)], folder=CHECKOUT
        )
        mark.write_text(stamp)

    def _config(self, parameters: dict[str, str]) -> dict[str, Any]:
        """See lab/aws/config.py."""
        return {
            "state_dir": str(self.paths.events),
            "dynamodb_url": DYNAMODB_URL,
            "port": API_PORT,
            "parameters": {
                "DynamodbEndpoint": DYNAMODB_URL,
                "SecretsManagerEndpoint": SECRETS_URL,
                "S3Endpoint": SECRETS_URL,
                **parameters,
            },
        }

    def _await_api(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _serves(f"{API_URL}/pool"):
            log = self.paths.log(FUNCTIONS)
            if not self.registry.alive(FUNCTIONS):
                raise LabError(f"the functions' process ended. The end of {log}:\n{_tail(log)}")
            if time.monotonic() > deadline:
                raise LabError(f"GET {API_URL}/pool has no answer. The end of {log}:\n{_tail(log)}")
            time.sleep(POLL_SECONDS)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ServiceError as error:
        raise LabError(str(error)) from error


def _digest() -> str:
    """Changes with everything that the functions' processes have read when they started."""
    state = hashlib.sha256()
    for root in (CHECKOUT / part for part in _CODE):
        for file in [root] if root.is_file() else sorted(root.rglob("*.py")):
            state.update(str(file).encode() + file.read_bytes())
    return state.hexdigest()


def _serves(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 -- always http on 127.0.0.1
    except OSError:
        return False
    return True


def _tail(log: Any) -> str:
    lines: list[str] = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-_TAIL_LINES:])
