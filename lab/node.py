"""Processes of pods as root of the lab's own node sees them."""

from __future__ import annotations

from pathlib import Path

from lab.client import wait_until


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
