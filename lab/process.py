"""Processes that outlive the command that started them.

A record (a JSON file) holds a process id together with the process's start time: an id that the kernel has
given to somebody else is never mistaken for ours, nor killed. Each process also carries MARK in its
environment: with it a lab finds what it started even when every record is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PROC = Path("/proc")
MARK = "CLONEPOOL_LAB_OWNER"
MAX_LOG_BYTES = 64 << 20
_STATE, _START = 0, 19  # fields of /proc/PID/stat behind the command name, see proc(5)


@dataclass(frozen=True, slots=True)
class Process:
    """A started process.

    Attributes:
        start: clock ticks after boot at which it began, from /proc/PID/stat.
        since: epoch seconds, for people.
        command: what it was started with; empty if somebody else started it.
    """

    name: str
    pid: int
    start: int
    since: int
    command: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return start_time(self.pid) == self.start


def start_time(pid: int) -> int | None:
    """When the process began, in ticks after boot; None if there is none, or only its zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else int(fields[_START])


@dataclass(frozen=True, slots=True)
class Registry:
    """The recorded processes of one lab.

    Attributes:
        records: folder of the record files.
        logs: folder of the log files.
        owner: the lab's folder, the value of MARK.
    """

    records: Path
    logs: Path
    owner: Path

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        within: int | None = None,
        folder: Path | None = None,
    ) -> Process:
        """Start a process in a session of its own, output appended to its log.

        Args:
            command: program (found on PATH) and arguments.
            environment: its whole environment; ours if not given.
            within: id of a process whose mount namespace it shall live in.
            folder: where it runs; here if not given.
        """
        self.records.mkdir(parents=True, exist_ok=True)
        wanted = tuple(command)
        if within is not None:
            command = ["nsenter", f"--mount=/proc/{within}/ns/mnt", "--", *command]
        if folder is not None:
            command = ["env", f"--chdir={folder}", *command]
        env = {**(os.environ if environment is None else environment), MARK: str(self.owner)}
        with self._open_log(name) as log:
            files = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ]
            pid = os.posix_spawnp(command[0], list(command), env, file_actions=files, setsid=True)
        return self.record(name, pid, wanted)

    def record(self, name: str, pid: int, command: tuple[str, ...] = ()) -> Process:
        """Remember a process, also one that somebody else started."""
        process = Process(name, pid, start_time(pid) or 0, int(time.time()), command)
        self.records.mkdir(parents=True, exist_ok=True)
        target = self._file(name)
        scratch = target.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(process)))
        scratch.replace(target)
        return process

    def get(self, name: str) -> Process | None:
        """The recorded process, alive or not."""
        try:
            record = json.loads(self._file(name).read_text())
            return Process(**{**record, "command": tuple(record["command"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None  # no record, or one cut short by a crash: found by its mark instead

    def alive(self, name: str) -> bool:
        """Whether the recorded process runs."""
        process = self.get(name)
        return process is not None and process.alive

    def all(self) -> list[Process]:
        """Every recorded process, alive or not, by name."""
        names = sorted(file.stem for file in self.records.glob("*.pid"))
        return [process for name in names if (process := self.get(name))]

    def stop(self, names: Iterable[str], *, grace_seconds: float = 0.0) -> None:
        """End processes and forget them: asked politely first if there is a grace time."""
        processes = [process for name in names if (process := self.get(name))]
        terminate([process.pid for process in processes if process.alive], grace_seconds=grace_seconds)
        for process in processes:
            self._file(process.name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.records / f"{name}.pid"

    @contextlib.contextmanager
    def _open_log(self, name: str) -> Iterator[int]:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def terminate(pids: Iterable[int], *, grace_seconds: float = 0.0) -> None:
    """End processes, with KILL after the grace time, and wait until they are gone."""
    waiting = _open_all(pids)
    try:
        if grace_seconds > 0:
            _signal_all(waiting, signal.SIGTERM)
            _await_all(waiting, grace_seconds)
        _signal_all(waiting, signal.SIGKILL)
        _await_all(waiting, 10.0)
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def marked(owner: Path) -> list[int]:
    """Ids of all processes that carry the mark of this owner, except our own."""
    wanted = f"{MARK}={owner}".encode()
    return [pid for pid, mark in _marks() if mark == wanted and pid != os.getpid()]


def _marks() -> Iterator[tuple[int, bytes]]:
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for variable in (folder / "environ").read_bytes().split(b"\0"):
                if variable.startswith(MARK.encode() + b"="):
                    yield int(folder.name), variable


def _open_all(pids: Iterable[int]) -> list[int]:
    descriptors = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            descriptors.append(os.pidfd_open(pid))
    return descriptors


def _signal_all(descriptors: Iterable[int], number: signal.Signals) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)


def _await_all(descriptors: Iterable[int], seconds: float) -> None:
    """A pidfd becomes readable when its process has ended, zombie or not."""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    remaining = set(descriptors)
    for descriptor in remaining:
        poll.register(descriptor, select.POLLIN)
    while remaining and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            poll.unregister(descriptor)
            remaining.discard(descriptor)
