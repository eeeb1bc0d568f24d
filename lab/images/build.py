"""Build the two images of a pod, each named by the content it is made of, and keep what did not change."""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.images.bases import (
    BASE_PREFIX,
    MARIADB,
    MYSQL,
    WORDPRESS,
    Recipe,
    base_key,
    base_ref,
    ensure_base,
)
from lab.images.buildah import Buildah, alone
from lab.images.commands import run
from lab.images.inputs import AGENT_SOURCES, agent_digest, agent_tags, cache, short, stage

Say = Callable[[str], None]
_REGISTRY = "clonepool.local"
_KEPT = 3
_RECIPES = {"wordpress-clone": WORDPRESS, "mysql-clone": MYSQL}


@dataclass(frozen=True, slots=True)
class Image:
    """An image that lies ready for `ctr images import`."""

    name: str
    """`wordpress-clone`, `mysql-clone`, or `mariadb`."""
    ref: str
    """Registry, name and a tag that changes with the content."""
    tar: Path
    """A docker-archive."""

    def is_whole(self) -> bool:
        """Whether the archive is there, complete, and holds this reference."""
        try:
            with tarfile.open(self.tar) as archive:
                manifest = archive.extractfile("manifest.json")
                return manifest is not None and self.ref.encode() in manifest.read()
        except (OSError, KeyError, tarfile.TarError):
            return False


def build(say: Say) -> list[Image]:
    """Return both images, built now where their inputs changed or the cache does not hold them whole.

    Args:
        say: is told what happens and how long it took, one line at a time.

    Raises:
        CommandFailed: a tool is missing or failed; the message says which and what it said.
    """
    home = cache() / "images"
    with alone(home), tempfile.TemporaryDirectory(prefix="clonepool-images-") as scratch:
        contexts = Path(scratch)
        images = _plan(home, contexts)
        missing = [image for image in images if not image.is_whole()]
        if missing:
            _build_missing(images, missing, contexts, Buildah(home), say)
        else:
            say("images: unchanged")
        return images


def build_mariadb(say: Say) -> Image:
    """Return the image of a MariaDB server, for sources: a base as it is. Raises CommandFailed."""
    home = cache() / "images"
    with alone(home):
        tar = home / f"{MARIADB.name}-{base_key(MARIADB)}.tar"
        image = Image(MARIADB.name, base_ref(MARIADB), tar)
        if not image.is_whole():
            buildah = Buildah(home)
            ensure_base(MARIADB, buildah, say)
            _save(image, buildah, say)
            for old in home.glob(f"{MARIADB.name}-*.tar"):
                if old != tar:
                    old.unlink()
        return image


def _plan(home: Path, contexts: Path) -> list[Image]:
    """Stage each image's folder, and name it by all that goes into it; the mysql image holds a whole site."""
    agent = agent_digest()
    site = ""
    images = []
    for name, recipe in _RECIPES.items():
        key = "-".join(
            filter(None, (short(base_key(recipe), stage(name, contexts / name), agent, site), agent_tags()))
        )
        images.append(Image(name, f"{_REGISTRY}/{name}:{key}", home / f"{name}-{key}.tar"))
        site = key
    return images


def _build_missing(
    images: list[Image], missing: list[Image], contexts: Path, buildah: Buildah, say: Say
) -> None:
    with _timed("clone-agent: compiled", say):
        binary = _compile_agent(contexts)
    site_image = images[0].ref
    for image in images:
        if image in missing or not buildah.has(image.ref):
            _build_one(image, binary, contexts / image.name, site_image, buildah, say)
    _forget_older(images, buildah)


def _compile_agent(folder: Path) -> Path:
    go = shutil.which("go") or "/usr/local/go/bin/go"
    binary = folder / "agent"
    flags = ["-trimpath", "-ldflags=-s -w", f"-tags={agent_tags()}"]
    command = [go, "build", *flags, "-o", str(binary), "./cmd/clone-agent"]
    run(command, cwd=AGENT_SOURCES, env={"CGO_ENABLED": "0"})
    return binary


def _build_one(image: Image, agent: Path, context: Path, site_image: str, buildah: Buildah, say: Say) -> None:
    recipe: Recipe = _RECIPES[image.name]
    shutil.copy2(agent, context / "clone-agent")
    os.utime(context / "clone-agent", (0, 0))
    arguments = {"BASE": ensure_base(recipe, buildah, say)}
    if recipe is MYSQL:
        arguments["SITE_IMAGE"] = site_image
    with _timed(f"{image.name}: built", say):
        buildah.build(context, image.ref, arguments)
    _save(image, buildah, say)


def _save(image: Image, buildah: Buildah, say: Say) -> None:
    with _timed(f"{image.name}: written to {image.tar.name}", say):
        half = image.tar.with_suffix(".part")
        half.unlink(missing_ok=True)
        buildah.save(image.ref, half)
        half.rename(image.tar)


def _forget_older(images: list[Image], buildah: Buildah) -> None:
    """Keep the latest few of each image: another checkout or a cluster that is starting may want them."""
    buildah.forget_containers()
    kept = []
    for image in images:
        tars = sorted(image.tar.parent.glob(f"{image.name}-*.tar"), key=lambda tar: tar.stat().st_mtime)
        for tar in tars[:-_KEPT]:
            if tar != image.tar:
                tar.unlink()
        keys = [tar.stem.removeprefix(f"{image.name}-") for tar in tars if tar.exists()]
        kept += [f"{_REGISTRY}/{image.name}:{key}" for key in keys]
    buildah.keep_only(kept, among=f"{_REGISTRY}/")
    bases = [base_ref(recipe) for recipe in (*_RECIPES.values(), MARIADB)]
    buildah.keep_only(bases, among=BASE_PREFIX)


@contextlib.contextmanager
def _timed(what: str, say: Say) -> Iterator[None]:
    start = time.monotonic()
    yield
    say(f"{what} in {time.monotonic() - start:.1f} s")
