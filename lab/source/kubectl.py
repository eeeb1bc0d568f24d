"""kubectl, with data streamed into containers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from lab.errors import LabError
from lab.paths import CHECKOUT

_TAIL_LINES = 20
Feed = Callable[[IO[bytes]], None]


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl in one namespace of the lab's cluster, or of the one that KUBE_CONTEXT names."""

    namespace: str
    context: str = ""

    @classmethod
    def here(cls, namespace: str) -> Kubectl:
        """As the environment says."""
        return cls(namespace, os.environ.get("KUBE_CONTEXT", ""))

    def apply(self, objects: list[dict[str, Any]]) -> None:
        """Create or change objects. Raises LabError."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()
        self.run("apply", "--filename=-", feed=lambda pipe: _write(pipe, text))

    def get(self, kind: str, *selector: str) -> dict[str, Any]:
        """Objects as JSON; an empty one where a named object does not exist. Raises LabError."""
        text = self.run("get", kind, *selector, "--ignore-not-found", "--output=json")
        found: dict[str, Any] = json.loads(text or "{}")
        return found

    def execute(self, pod: str, container: str, command: list[str], feed: Feed | None = None) -> str:
        """Run a command in a container and return its output; `feed` writes its standard input.

        Raises:
            LabError: it failed; the message has the end of what it said.
        """
        stdin = ("--stdin",) if feed else ()
        return self.run("exec", *stdin, pod, f"--container={container}", "--", *command, feed=feed)

    def run(self, *arguments: str, feed: Feed | None = None) -> str:
        """Run kubectl. Raises LabError."""
        command = [*self._program(), f"--namespace={self.namespace}", *arguments]
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if arguments[0] == "wait" else subprocess.PIPE,
        )
        return _finish(process, feed, f"kubectl {arguments[0]}")

    def _program(self) -> list[str]:
        if self.context:
            return ["kubectl", f"--context={self.context}"]
        return [sys.executable, "-m", "lab", "kubectl"]


def _finish(process: subprocess.Popen[bytes], feed: Feed | None, what: str) -> str:
    if feed and process.stdin:
        with contextlib.suppress(BrokenPipeError):  # it ended early: its own words say why
            feed(process.stdin)
    said, complaint = process.communicate()
    if process.returncode != 0:
        lines = (said + (complaint or b"")).decode(errors="replace").splitlines()
        raise LabError(f"{what} failed:\n" + "\n".join(lines[-_TAIL_LINES:]))
    return said.decode()


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(data)
