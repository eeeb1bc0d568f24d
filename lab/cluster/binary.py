"""The Kubernetes binary, built once from pinned Go modules and kept in the cache as one compressed file.

The file's name is a digest of everything that decides its content: a checkout with other pins builds its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cluster.commands import attempt, run
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.paths import Paths
    from lab.steps import Steps

SOURCE = Path(__file__).resolve().parents[1] / "kube"
VERSION = "v1.35.4"
FLAGS = (
    *("-trimpath", "-buildvcs=false"),
    *("-ldflags", f"-s -w -X k8s.io/component-base/version.gitVersion={VERSION}"),
)
PROGRAMS = ("labkube", "pause")
GO_MINIMUM = (1, 25)


def ensure(paths: Paths, steps: Steps) -> Path:
    """The folder with `labkube` and `pause`: there already, cached, or built (9 minutes on two cores).

    Raises:
        LabError: Go is missing or too old, or the build failed.
    """
    key = digest(go_version())
    target = paths.bin / key
    if _complete(target):
        return target
    with _locked(paths.cache / "kube" / f"{key}.lock"):
        archive = paths.cache / "kube" / f"{key}.tar.zst"
        if archive.exists() and _unpack(archive, target):
            return target
        if archive.exists():
            steps.say(f"{archive} is damaged: building again")
        with steps.step(f"build Kubernetes {VERSION} from Go modules (once; minutes)"):
            _build(archive)
    if not _unpack(archive, target):
        raise LabError(f"cannot unpack {archive}: is the disk full?")
    return target


def digest(go: str, source: Path = SOURCE) -> str:
    """16 hex characters over pins, sources, Go version and flags."""
    state = hashlib.sha256(repr((go, FLAGS, PROGRAMS)).encode())
    files = [source / "go.mod", source / "go.sum", *sorted(source.rglob("*.go"))]
    for file in files:
        if not file.name.endswith("_test.go"):
            state.update(f"\n{file.relative_to(source)}\n".encode() + file.read_bytes())
    return state.hexdigest()[:16]


def go_version() -> str:
    """`go1.26.1`, of the Go that would build.

    Raises:
        LabError: none, or too old.
    """
    version = run(_go(), "env", "GOVERSION").strip()
    numbers = version.removeprefix("go").split("-")[0].split(".")
    if tuple(int(number) for number in numbers[:2] if number.isdigit()) < GO_MINIMUM:
        raise LabError(f"{version} is too old, Kubernetes needs 1.25: run lab/setup.sh")
    return version


def _go() -> str:
    """The system's Go, or the one that lab/setup.sh put into the cache; CLONEPOOL_GO names another."""
    return os.environ.get("CLONEPOOL_GO") or "go"


def _build(archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CGO_ENABLED": "0"}
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        for program, package in zip(PROGRAMS, (".", "./pause"), strict=True):
            command = (_go(), "build", "-C", str(SOURCE), *FLAGS, "-o", f"{scratch}/{program}", package)
            run(*command, environment=environment, seconds=3600)
        unfinished = Path(scratch) / archive.name
        run("tar", "--use-compress-program=zstd -3 -T0", "-cf", str(unfinished), "-C", scratch, *PROGRAMS)
        unfinished.replace(archive)


def _unpack(archive: Path, target: Path) -> bool:
    """Unpack in one step; False, and the archive gone, if it is not whole (zstd checks itself)."""
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        unpacked = Path(scratch) / "bin"
        unpacked.mkdir()
        command = ("tar", "--use-compress-program=zstd", "-xf", str(archive), "-C", str(unpacked))
        if not attempt(*command) or not _complete(unpacked):
            archive.unlink()
            return False
        unpacked.replace(target)
    for old in target.parent.iterdir():
        if old != target and old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
    return True


def _complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in PROGRAMS)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Two checkouts may need the same binary at the same time: one builds, the other waits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
