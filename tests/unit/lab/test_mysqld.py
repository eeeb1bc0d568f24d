"""The pod's mysqld, taken out of its image: one at a time, and started by its own loader."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from lab.images import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of an image whose loader says what it is asked to start."""
    root = tmp_path / "image"
    for name in ("usr/sbin/mysqld", "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/share/mysql/x", "etc/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    loader.parent.mkdir()
    loader.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    loader.chmod(0o755)

    @contextlib.contextmanager
    def tree(_self: object, _ref: str) -> Iterator[Path]:
        yield root

    monkeypatch.setenv("CLONEPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(server.Buildah, "tree", tree)
    monkeypatch.setattr(server, "ensure_base", lambda *_: "base")
    return root


def test_the_server_starts_by_its_own_loader_and_libraries(image: Path) -> None:
    program = server.ensure_mysqld()
    said = subprocess.run([program, "--no-defaults", "--x=a b"], capture_output=True, text=True, check=True)
    option, libraries, mysqld, *arguments = said.stdout.splitlines()
    folder = program.parent / "usr"
    assert (option, mysqld) == ("--library-path", str(folder / "sbin/mysqld"))
    assert str(folder / "lib/x86_64-linux-gnu") in libraries.split(":")
    assert arguments[:3] == ["--no-defaults", "--x=a b", f"--basedir={folder}"]
    assert not (program.parent / "etc").exists()


def test_it_is_taken_once_and_anew_for_another_base(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = server.ensure_mysqld()
    (image / "usr/sbin/mysqld").write_text("newer")
    assert server.ensure_mysqld() == first
    assert (first.parent / "usr/sbin/mysqld").read_text() == ""
    monkeypatch.setattr(server, "base_key", lambda _: "next month")
    second = server.ensure_mysqld()
    assert (second.parent / "usr/sbin/mysqld").read_text() == "newer"
    assert [path.name for path in second.parent.parent.iterdir()] == [second.parent.name]
