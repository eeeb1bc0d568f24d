"""What an image is made of: its folder under docker/, the agent's sources; names made of their content."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REPOSITORY = Path(__file__).resolve().parents[2]
AGENT_SOURCES = REPOSITORY / "docker" / "clone-agent"
_LEFT_OUT = shutil.ignore_patterns("tests", "clone-agent", "*.md", ".*.cache", ".phpunit*", "phpunit.xml*")


def cache() -> Path:
    """Folder of everything the lab may keep between runs; made if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("CLONEPOOL_CACHE") or Path(base) / "clonepool")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stage(name: str, target: Path) -> str:
    """Copy docker/`name` to `target` as it goes into the image, and return its digest.

    Modes and times are made equal, so that the same content gives the same image whoever checked it out.
    """
    shutil.copytree(REPOSITORY / "docker" / name, target, ignore=_LEFT_OUT)
    for path in (target, *target.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (0, 0))
    return digest(target, target.rglob("*"))


def agent_tags() -> str:
    """Go build tags of the agent: none, or `leakhooks` for the images of the leak test (bench/leak)."""
    return os.environ.get("CLONEPOOL_AGENT_TAGS", "")


def agent_digest() -> str:
    """Digest of the sources of clone-agent; its tests do not count."""
    files = [AGENT_SOURCES / "go.mod", AGENT_SOURCES / "go.sum"]
    files += [file for file in AGENT_SOURCES.rglob("*.go") if not file.name.endswith("_test.go")]
    return digest(AGENT_SOURCES, files)


def digest(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 in hex over names, executable bits and contents of the files among `paths`."""
    total = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        executable = bool(path.stat().st_mode & 0o100)
        total.update(f"{content} {executable:d} {path.relative_to(root)}\n".encode())
    return total.hexdigest()


def short(*parts: str) -> str:
    """12 hex characters for what `parts` say, in this order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
