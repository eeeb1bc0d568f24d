"""kubectl, as the administrator of the lab's own cluster or of the one that KUBE_CONTEXT names."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from lab.cluster import net
from lab.errors import LabError
from lab.paths import Paths

_TAIL_LINES = 20
_KINDS = "pods,services,ingresses,networkpolicies,secrets,configmaps"
Input = bytes | Callable[[IO[bytes]], None]
"""What a command reads: the bytes, or a function that writes them to the pipe as they come."""


def context_here() -> str:
    """The context that shall be used instead of the lab's own cluster; empty: none."""
    return os.environ.get("KUBE_CONTEXT", "")


def command_here() -> tuple[str, ...]:
    """As `command_of` the lab and the context that the environment names. Raises LabError."""
    return command_of(Paths.from_environment(), context_here())


def command_of(paths: Paths, context: str) -> tuple[str, ...]:
    """The program with its first arguments, which say which cluster and who.

    Raises:
        LabError: there is no such program.
    """
    if context:
        if shutil.which("kubectl") is None:
            raise LabError("KUBE_CONTEXT is set, and kubectl is not on PATH: install it")
        return "kubectl", f"--context={context}"
    program = next(paths.bin.glob("*/labkube"), None)
    if program is None:
        raise LabError("the cluster has never been started here: run `python -m lab up`")
    return str(program), "kubectl", f"--kubeconfig={paths.kubeconfig()}"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl in one namespace.

    Attributes:
        namespace: empty: that of each object.
        command: program and first arguments; as the environment says if not given.
    """

    namespace: str = net.NAMESPACE
    command: tuple[str, ...] = ()

    def apply(self, objects: Sequence[dict[str, Any]]) -> None:
        """Create or change objects. Raises LabError."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.run("apply", "--filename=-", stdin=text.encode())

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """A named object; an empty one where there is none. Raises LabError."""
        return self._found(kind, name)

    def list(self, kinds: str, labels: str = "") -> list[dict[str, Any]]:
        """All objects of these kinds, or those with these labels. Raises LabError."""
        found: list[dict[str, Any]] = self._found(kinds, f"--selector={labels}").get("items", [])
        return found

    def _found(self, *what: str) -> dict[str, Any]:
        text = self.run("get", *what, "--ignore-not-found", "--output=json")
        found: dict[str, Any] = json.loads(text or "{}")
        return found

    def remove(self, labels: str, *, wait: bool = True) -> None:
        """Delete all that has these labels, at once; harmless where nothing has. Raises LabError."""
        how = ("--ignore-not-found", "--grace-period=0", f"--wait={str(wait).lower()}")
        self.run("delete", _KINDS, f"--selector={labels}", *how)

    def logs(self, pod: str, container: str) -> str:
        """All that a container has written to its log, as far as the node keeps it. Raises LabError."""
        return self.run("logs", pod, f"--container={container}", "--tail=-1")

    def execute(
        self,
        pod: str,
        container: str,
        argv: Sequence[str],
        *,
        stdin: Input | None = None,
        stdout: IO[bytes] | None = None,
    ) -> str:
        """Run a command in a container and return its output, or write it to a file. Raises LabError."""
        return self.run(*_exec(pod, container, argv, stdin), stdin=stdin, stdout=stdout)

    def run(
        self,
        *arguments: str,
        stdin: Input | None = None,
        stdout: IO[bytes] | None = None,
        seconds: float | None = None,
    ) -> str:
        """Run kubectl and return what it printed, or write that to a file.

        Raises:
            LabError: it failed or took too long; the message has the end of what it said.
        """
        what = f"kubectl {' '.join(arguments[:3])}"
        try:
            done = self.attempt(*arguments, stdin=stdin, stdout=stdout, seconds=seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{what} did not end in {seconds:.0f} s") from None
        if done.returncode != 0:
            lines = ((done.stdout or b"") + done.stderr).decode(errors="replace").splitlines()
            raise LabError(f"{what} failed:\n" + "\n".join(lines[-_TAIL_LINES:]))
        return (done.stdout or b"").decode(errors="replace")

    def attempt(
        self,
        *arguments: str,
        stdin: Input | None = None,
        stdout: IO[bytes] | None = None,
        seconds: float | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run kubectl; how it ended is for the caller to judge. Raises LabError only if there is none."""
        where = [f"--namespace={self.namespace}"] if self.namespace else []
        command = [*(self.command or command_here()), *where, *arguments]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                if process.stdin and callable(stdin):
                    with contextlib.suppress(BrokenPipeError):  # it ended early: its own words say why
                        stdin(process.stdin)
                given = stdin if isinstance(stdin, bytes) else None
                said, complaint = process.communicate(given, timeout=seconds)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, said, complaint)


def run_in(
    pod: str,
    container: str,
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    namespace: str = net.NAMESPACE,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a pod as an operator would; how it ended is for the caller to judge."""
    return Kubectl(namespace).attempt(*_exec(pod, container, argv, stdin), stdin=stdin)


def _exec(pod: str, container: str, argv: Sequence[str], stdin: Input | None) -> list[str]:
    interactive = [] if stdin is None else ["--stdin"]
    return ["exec", *interactive, pod, f"--container={container}", "--", *argv]
