"""The cgroup under which the kubelet puts all pods: `/clonepool`, in every hierarchy (v1) or in the one (v2).

It is also the sure way to find every process of every container.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from lab.cluster import net
from lab.errors import LabError

_ROOT = Path("/sys/fs/cgroup")
_KINDS = ("cgroup", "cgroup2")
_REMOVAL_SECONDS = 5.0


def roots(mounts: str | None = None) -> list[Path]:
    """Where hierarchies are mounted, from the text of /proc/mounts: v1, v2, or both."""
    text = mounts if mounts is not None else Path("/proc/mounts").read_text()
    fields = [line.split() for line in text.splitlines()]
    paths = dict.fromkeys(Path(field[1]) for field in fields if field[2] in _KINDS)
    found = [path for path in paths if path.is_relative_to(_ROOT)]
    if not found:
        raise LabError("no cgroups under /sys/fs/cgroup: mount them, or run the container with --privileged")
    return found


def set_up() -> None:
    """Make the cgroup, with every controller available below it."""
    for root in roots():
        if (root / "cgroup.controllers").exists():
            _delegate(root)
        group = root / net.CGROUP
        group.mkdir(exist_ok=True)
        if (group / "cgroup.controllers").exists():
            _enable_controllers(group)
        for name in (
            "cpuset.cpus",
            "cpuset.mems",
        ):  # v1: empty in a new group, and nothing can run in it then
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((root / name).read_text())


def processes() -> list[int]:
    """Ids of all processes of all containers."""
    pids: set[int] = set()
    for root in roots():
        for file in (root / net.CGROUP).glob("**/cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(int(pid) for pid in file.read_text().split())
    return sorted(pids)


def take_down() -> None:
    """Remove the cgroup; its processes must be dead. The kernel lets go of the last one a moment later."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    for root in roots():
        while (root / net.CGROUP).exists():
            _remove_tree(root / net.CGROUP)
            if time.monotonic() > deadline:
                break


def _remove_tree(group: Path) -> None:
    below = sorted((folder for folder in group.rglob("*") if folder.is_dir()), reverse=True)
    for folder in (*below, group):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _delegate(root: Path) -> None:
    """Let controllers pass from the root. A container's root holds processes, which forbids it: move them."""
    if (root / "cgroup.type").exists() and (root / "cgroup.procs").read_text().strip():
        (root / "init").mkdir(exist_ok=True)
        for pid in (root / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):  # ended meanwhile
                (root / "init" / "cgroup.procs").write_text(pid)
    _enable_controllers(root)


def _enable_controllers(group: Path) -> None:
    for controller in (group / "cgroup.controllers").read_text().split():
        with contextlib.suppress(
            OSError
        ):  # cpu is refused where real-time processes are about; not needed then
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
