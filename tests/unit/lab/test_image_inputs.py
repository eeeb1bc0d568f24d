"""Images are named by what they are made of, and half of one is noticed."""

from __future__ import annotations

import io
import tarfile
from datetime import date
from pathlib import Path

import pytest

from lab.images import Image
from lab.images.apt import mirrors
from lab.images.bases import MYSQL, WORDPRESS
from lab.images.inputs import digest, stage

REF = "clonepool.local/wordpress-clone:0123456789ab"


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_mirrors_come_from_deb822_sources(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: https://mirror.example/debian/\nSuites: bookworm\n\n"
        "Types: deb\nURIs: https://mirror.example/debian-security\nSuites: bookworm-security\n"
    )
    assert mirrors(apt).debian == "https://mirror.example/debian"
    assert mirrors(apt).security == "https://mirror.example/debian-security"


def test_mirrors_come_from_one_line_sources(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb [signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main\n"
        "deb http://mirror.example/debian-security bookworm-security main\n"
    )
    assert mirrors(apt).debian == "http://mirror.example/debian"
    assert mirrors(apt).security == "http://mirror.example/debian-security"


def test_a_machine_without_debian_sources_uses_the_public_mirror(apt: Path) -> None:
    assert mirrors(apt).debian == "http://deb.debian.org/debian"


def test_a_base_is_made_anew_each_month_and_for_each_recipe() -> None:
    assert WORDPRESS.key(date(2026, 5, 1)) == WORDPRESS.key(date(2026, 5, 31))
    assert WORDPRESS.key(date(2026, 5, 31)) != WORDPRESS.key(date(2026, 6, 1))
    assert WORDPRESS.key(date(2026, 5, 1)) != MYSQL.key(date(2026, 5, 1))


def test_only_a_suite_with_security_updates_asks_for_them(apt: Path) -> None:
    assert len(WORDPRESS.deb_lines(mirrors(apt))) == 2
    assert len(MYSQL.deb_lines(mirrors(apt))) == 1


def test_a_digest_follows_names_contents_and_executable_bits(tmp_path: Path) -> None:
    file = tmp_path / "a.sh"
    file.write_text("echo")
    file.chmod(0o644)
    before = digest(tmp_path, [file])
    file.chmod(0o600)
    assert digest(tmp_path, [file]) == before
    file.chmod(0o755)
    executable = digest(tmp_path, [file])
    assert executable != before
    file.write_text("exit")
    assert digest(tmp_path, [file]) != executable


def test_a_staged_folder_carries_no_tests_and_no_trace_of_the_checkout(tmp_path: Path) -> None:
    staged = tmp_path / "wordpress-clone"
    stage("wordpress-clone", staged)
    files = [path.relative_to(staged) for path in staged.rglob("*")]
    assert Path("Dockerfile") in files
    assert not any("tests" in path.parts for path in files)
    assert {path.stat().st_mtime for path in staged.rglob("*")} == {0}


def _archive(path: Path, *refs: str) -> Path:
    manifest = f'[{{"RepoTags": {list(refs)}}}]'.replace("'", '"').encode()
    with tarfile.open(path, "w") as archive:
        for name, content in (("layer.tar", b"x" * 40_000), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_an_archive_that_holds_the_image_is_whole(tmp_path: Path) -> None:
    assert Image("wordpress-clone", REF, _archive(tmp_path / "a.tar", REF)).is_whole()


@pytest.mark.parametrize("size", [0, 600, 30_000, 40_960])
def test_a_cut_archive_is_not_whole(tmp_path: Path, size: int) -> None:
    tar = _archive(tmp_path / "a.tar", REF)
    tar.write_bytes(tar.read_bytes()[:size])
    assert not Image("wordpress-clone", REF, tar).is_whole()


def test_an_archive_of_another_image_is_not_whole(tmp_path: Path) -> None:
    tar = _archive(tmp_path / "a.tar", "clonepool.local/mysql-clone:0123456789ab")
    assert not Image("wordpress-clone", REF, tar).is_whole()


def test_a_missing_archive_is_not_whole(tmp_path: Path) -> None:
    assert not Image("wordpress-clone", REF, tmp_path / "none.tar").is_whole()
