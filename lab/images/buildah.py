"""Buildah with an image store of our own: ordinary Dockerfiles, no daemon, the machine's images untouched."""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.images.commands import CommandFailed, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Buildah:
    """Image builds whose images and layers lie under `home`."""

    home: Path

    def has(self, ref: str) -> bool:
        """Whether the store holds the image whole; an interrupted build leaves no image."""
        try:
            self._buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", ref)
        except CommandFailed:
            return False
        return True

    def image_from_tree(self, ref: str, fill: Callable[[Path], None]) -> None:
        """Make an image of one layer, whose files `fill` writes into the empty folder it is given."""
        with self._container("scratch") as container:
            fill(self._root(container))
            self._buildah("commit", "--quiet", "--disable-compression", container, ref)

    @contextlib.contextmanager
    def tree(self, ref: str) -> Iterator[Path]:
        """The image's files, to be read, as long as the context lasts."""
        with self._container(ref) as container:
            yield self._root(container)

    def build(self, context: Path, ref: str, arguments: Mapping[str, str]) -> None:
        """Build `context`/Dockerfile as `ref`."""
        options = [
            option for name, value in arguments.items() for option in ("--build-arg", f"{name}={value}")
        ]
        self._buildah(
            *("bud", "--quiet", "--isolation=chroot", "--pull-never", "--timestamp=0"),
            *(*options, "--tag", ref, str(context)),
        )

    def save(self, ref: str, archive: Path) -> None:
        """Write the image as a docker-archive, for `ctr images import`."""
        self._buildah("push", "--quiet", ref, f"docker-archive:{archive}:{ref}")

    def forget_containers(self) -> None:
        """Remove what builds leave behind: a stage that was only copied from, or all of a killed one."""
        self._buildah("rm", "--all")

    def keep_only(self, refs: Sequence[str], *, among: str) -> None:
        """Remove images whose reference starts with `among` but is not in `refs`, and layers nobody needs."""
        listed = self._buildah("images", "--format", "{{.Name}}:{{.Tag}}").split()
        if older := [ref for ref in listed if ref.startswith(among) and ref not in refs]:
            self._buildah("rmi", "--force", *older)
        self._buildah("rmi", "--prune", "--force")

    @contextlib.contextmanager
    def _container(self, ref: str) -> Iterator[str]:
        container = self._buildah("from", "--pull-never", ref).strip()
        try:
            yield container
        finally:
            self._buildah("rm", container)

    def _root(self, container: str) -> Path:
        return Path(self._buildah("mount", container).strip())

    def _buildah(self, *arguments: str) -> str:
        store = [f"--root={self.home / 'storage'}", f"--runroot={self.home / 'run'}"]
        return run(["buildah", *store, *arguments])


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the store's lock: builds and what reads their images come one after the other."""
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
