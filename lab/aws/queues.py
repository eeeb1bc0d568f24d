"""Queues of the template, each a file with one JSON object a line."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Queues:
    """Where failure destinations and dead-letter queues put their messages; nobody consumes them here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, queue: str, message: Any) -> None:
        """Append a message to the queue, given by name or ARN."""
        line = json.dumps({"sent_at": time.time(), "body": message})
        with (self._folder / f"{queue.rsplit(':', 1)[-1]}.jsonl").open("a") as file:
            file.write(line + "\n")

    def read(self) -> dict[str, list[Any]]:
        """All messages of all queues that have any, by queue name, oldest first."""
        files = sorted(self._folder.glob("*.jsonl"))
        return {file.stem: [json.loads(line) for line in file.read_text().splitlines()] for file in files}
