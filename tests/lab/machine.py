"""What a lab changes on its machine, to be compared before and after."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cluster import cgroups, mounts, net, network

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYSCTLS = Path("/proc/sys")


@dataclass(frozen=True)
class Machine:
    """The state that a lab may change while it is up, and gives back."""

    interfaces: list[str]
    addresses: list[str]
    firewall: str
    mounts: list[str]
    folders: list[str]
    sysctls: dict[str, str]
    cgroups: list[str]

    @classmethod
    def now(cls) -> Machine:
        return cls(
            interfaces=sorted(entry.name for entry in Path("/sys/class/net").iterdir()),
            addresses=_said("ip", "-brief", "address", "show", "dev", "lo").split(),
            firewall=_said("nft", "--stateless", "list", "ruleset"),
            mounts=sorted(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()),
            folders=[folder for folder in mounts.FIXED if Path(folder).exists()],
            sysctls={name: value for name in network.SYSCTLS if (value := _sysctl(name)) is not None},
            cgroups=[str(root) for root in cgroups.roots() if (root / net.CGROUP).exists()],
        )

    def changes(self, later: Machine) -> dict[str, tuple[object, object]]:
        """What is different later, as it was and as it is."""
        old, new = asdict(self), asdict(later)
        return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the lab."""
    command = [sys.executable, "-m", "lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def namespaces_of(pids: Iterable[int]) -> set[str]:
    """The mount and network namespaces of these processes that are not our own."""
    return _namespaces(pids) - _namespaces([os.getpid()])


def alive_namespaces() -> set[str]:
    """Those of all processes."""
    return _namespaces(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _namespaces(pids: Iterable[int]) -> set[str]:
    found = set()
    for pid in pids:
        for kind in ("mnt", "net"):
            with contextlib.suppress(OSError):  # it ended while we looked
                found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
    return found


def _sysctl(name: str) -> str | None:
    file = _SYSCTLS / name
    return file.read_text().strip() if file.exists() else None


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
