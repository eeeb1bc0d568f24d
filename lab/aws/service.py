"""A local service in a process of its own: awaited until it answers, stopped with its children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 5.0


class ServiceError(Exception):
    """A service did not start; the message says why and what to do."""


@dataclass(slots=True)
class Service:
    """A running service. `url` is where it answers."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Process id, also the id of its process group."""
        return self.process.pid

    def stop(self) -> None:
        """End the process and its children: politely first, then not. Repeating is harmless."""
        _signal_group(self.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(self.pid, signal.SIGKILL)
            self.process.wait()


def start(
    name: str,
    command: Sequence[str],
    *,
    url: str,
    log: Path,
    answers: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Service:
    """Start `command` in a process group of its own and wait until `answers()` is true.

    Raises:
        ServiceError: it ended or stayed silent; the message has the last lines of `log`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    service = Service(name, url, process)
    try:
        _await(service, answers, log)
    except BaseException:
        service.stop()
        raise
    return service


def _await(service: Service, answers: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if service.process.poll() is not None:
            raise ServiceError(f"{service.name} ended with {service.process.returncode}:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise ServiceError(f"{service.name} did not answer in {START_SECONDS:.0f} s:\n{_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-15:]) or f"(nothing in {log})"


def answers_http(url: str) -> bool:
    """Whether an HTTP server answers at `url`, with whatever status."""
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 -- always http on 127.0.0.1
    except urllib.error.HTTPError:
        return True  # it refuses this request: it is there
    except OSError:
        return False
    return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuse_taken(name: str, port: int) -> None:
    """Raise ServiceError if somebody listens on the port: an answer would come from the wrong one."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ServiceError(
                f"{name}: port {port} is in use: end what `ss -ltnp 'sport = :{port}'` names, and try again"
            )


def minimal_environment() -> dict[str, str]:
    """What a service needs of the caller's environment, and no more: no credentials, no proxies."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "CLONEPOOL_LAB_OWNER")
        if name in os.environ
    }
    return {"LANG": "C.UTF-8", **kept}


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
