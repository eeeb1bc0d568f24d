"""What a test does to a pod from outside the contracts: as root of the node, or in a container."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.kubectl import run_in

if TYPE_CHECKING:
    from collections.abc import Iterator


def kill_in(pod: str, container: str, name: str) -> None:
    """SIGKILL every process of this name from inside the container, as code of the site could."""
    script = (
        "for p in /proc/[0-9]*; do "
        f'[ "$(cat $p/comm 2>/dev/null)" = {name} ] && kill -9 "${{p#/proc/}}"; done; true'
    )
    done = run_in(pod, container, ["sh", "-c", script])
    assert done.returncode == 0, done.stderr.decode()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def asleep(function: str) -> Iterator[None]:
    """All processes of a function sleep meanwhile, whatever they are doing, and then go on."""
    with stopped(_processes_of(function)):
        yield


@contextmanager
def end_at_once(function: str) -> Iterator[None]:
    """When this ends, so do all processes of a function, in that instant: no request goes ahead."""
    pids = _processes_of(function)
    yield
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """These processes of the node sleep meanwhile; there must be some."""
    assert pids, "there is no such process"
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            if alive(pid):
                os.kill(pid, signal.SIGCONT)


def _processes_of(function: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked
        names = [one for one in environment if one.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
        if names and names[0].endswith(function.encode()):
            found.append(int(entry.name))
    return found
