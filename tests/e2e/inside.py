"""What a test does to a pod from outside the contracts: as root of the node, or in a container."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.client import wait_until
from lab.kubectl import run_in

if TYPE_CHECKING:
    from collections.abc import Iterator


def pid_in_container(pod_uid: str, name: str) -> int | None:
    """The node's pid of a process of this pod by its command name, or None. Needs the lab's own node."""
    return next(iter(pids_in_container(pod_uid, name)), None)


def pids_in_container(pod_uid: str, name: str) -> list[int]:
    """As above, of all such processes."""
    wanted, found = {pod_uid, pod_uid.replace("-", "_")}, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            comm = (entry / "comm").read_text().strip()
            groups = (entry / "cgroup").read_text()
        except OSError:
            continue  # it ended while we looked
        if comm == name and any(uid in groups for uid in wanted):
            found.append(int(entry.name))
    return found


def pid1_of(pod_uid: str, server: str) -> int:
    """The node's pid of the agent that is PID 1 of the container where `server` runs."""
    child = wait_until(f"{server} of {pod_uid}", lambda: pid_in_container(pod_uid, server), seconds=30)
    while True:
        lines = Path(f"/proc/{child}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        if status["NSpid"].split()[-1] == "1":
            return child
        child = int(status["PPid"])


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
