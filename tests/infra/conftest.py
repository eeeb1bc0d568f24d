"""The tiny template of this folder, served as the lab serves the real one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from lab.aws import dynamodb, tables
from lab.aws.service import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
TINY = HERE / "tiny" / "template.yaml"
PATIENCE_SECONDS = 30


@dataclass
class Served:
    """A served template: its URL, its process, its DynamoDB."""

    url: str
    process: subprocess.Popen[str]
    dynamodb: Any
    table: str

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=PATIENCE_SECONDS, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=PATIENCE_SECONDS, **options)

    def invoke(self, event: Any, kind: str = "RequestResponse") -> requests.Response:
        path = "/2015-03-31/functions/Probe/invocations"
        return self.post(path, json=event, headers={"X-Amz-Invocation-Type": kind})

    def invocations(self, source: str) -> list[dict[str, Any]]:
        """Ended invocations whose source begins with `source`."""
        history: list[dict[str, Any]] = self.get("/_lab/invocations").json()
        return [item for item in history if item["source"].startswith(source) and item["outcome"]]

    def messages(self) -> list[Any]:
        """Bodies in the queue of failures."""
        queue = self.get("/_lab/queues").json().get("tiny-Failures", [])
        return [message["body"] for message in queue]

    def put(self, key: str, **attributes: str) -> None:
        item = {"id": {"S": key}, **{name: {"S": value} for name, value in attributes.items()}}
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def delete(self, key: str) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key={"id": {"S": key}})


@dataclass
class Server:
    """Serves the tiny template from one state folder; may be started again."""

    dynamodb_url: str
    state: Path
    stack: str = "tiny"

    def start(self) -> Served:
        port = free_port()
        config = {
            "template": str(TINY),
            "stack": self.stack,
            "state_dir": str(self.state),
            "dynamodb_url": self.dynamodb_url,
            "port": port,
            "environment": {"GREETING": "good evening"},
            "retry_delays_seconds": [0.05, 0.05],
        }
        file = self.state / "config.json"
        file.write_text(json.dumps(config))
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.aws", "serve", "--config", str(file)],
            cwd=HERE.parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert "serving" in process.stdout.readline()
        served = Served(
            f"http://127.0.0.1:{port}", process, tables.client(self.dynamodb_url), f"{self.stack}-Things"
        )
        assert served.get("/_lab/health").json()["ok"]
        return served

    @staticmethod
    def stop(served: Served) -> None:
        served.process.send_signal(signal.SIGTERM)
        served.process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The tiny template, served for the whole session.

    On a DynamoDB of its own: among the hundreds of tables of other tests TTL would take minutes.
    """
    state = tmp_path_factory.mktemp("served")
    database = dynamodb.start(free_port(), log=state / "dynamodb.log")
    server = Server(database.url, state)
    served = server.start()
    yield served
    server.stop(served)
    database.stop()


@pytest.fixture
def server(dynamodb_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Server:
    """A server of one's own, with tables of its own."""
    return Server(dynamodb_url, tmp_path, stack=f"tiny-{request.node.name.replace('_', '-')[:40]}")


def eventually[T](look: Callable[[], T]) -> T:
    """What `look` gives once it is true; fails after half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return seen
