"""The leak test's own judgement: it passes only over what it planted and could see."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.leak.broken import Result
from bench.leak.cycle import Row
from bench.leak.places import number_of
from bench.leak.search import COMPLAINT, PLACES, search_script

if TYPE_CHECKING:
    from pathlib import Path


def row(*, planted: bool, control: bool, found: bool, refused: bool = False) -> Row:
    return Row("tmp", planted, control, found, "wordpress.scratch", refused=refused)


def test_only_what_was_planted_and_seen_and_is_gone_is_good() -> None:
    assert row(planted=True, control=True, found=False).ok
    assert not row(planted=True, control=False, found=False).ok
    assert not row(planted=False, control=False, found=False).ok
    assert not row(planted=True, control=True, found=True).ok
    assert row(planted=False, control=False, found=False, refused=True).ok
    assert not row(planted=True, control=False, found=False, refused=True).ok


def test_a_check_that_fired_over_nothing_has_not_fired() -> None:
    assert Result("tmp", ["mysql.scratch"], ["mysql.scratch"]).ok
    assert not Result("tmp", ["mysql.scratch"], []).ok
    assert not Result("tmp", ["mysql.scratch"], ["mysql.scratch"], ["mysql_tmp"]).ok


def test_names_of_places_are_words_of_a_canary() -> None:
    names = [place.name for place in PLACES]
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").isalnum() and name.islower() for name in names)


def test_the_search_finds_names_and_contents_and_says_where_it_could_not_look(tmp_path: Path) -> None:
    (tmp_path / "canary_ab12_by_name").touch()
    (tmp_path / "file").write_bytes(b"\0binary canary_ab12_inside \0")
    script = search_script("canary_ab12", f"{tmp_path} {tmp_path}/file/none")
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert {line for line in lines if line.startswith("canary")} == {
        "canary_ab12_by_name",
        "canary_ab12_inside",
    }
    assert any(line.startswith(COMPLAINT) and "file/none" in line for line in lines)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="images are built for these two")
def test_system_calls_have_the_numbers_of_this_machine(tmp_path: Path) -> None:
    """What Perl sets by number, Python reads by name."""
    names = "my ($p, $n, $v) = (shift, q(user.note), q(here));"
    set_it = f"{names} exit(syscall({number_of('setxattr')}, $p, $n, $v, 4, 0) != 0)"
    subprocess.run(["perl", "-e", set_it, str(tmp_path)], check=True)
    assert os.getxattr(tmp_path, "user.note") == b"here"
