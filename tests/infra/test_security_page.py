"""docs/security.md names a test for each claim: they must exist under these names."""

from __future__ import annotations

import re
from pathlib import Path

from bench.leak import outside
from bench.leak.search import ALL

ROOT = Path(__file__).parents[2]
AGENT = ROOT / "docker/clone-agent/internal"
PAGE = (ROOT / "docs/security.md").read_text()
IN_PYTHON = {
    path: set(re.findall(r"def (test_\w+)", path.read_text())) for path in ROOT.glob("tests/**/test_*.py")
}
IN_GO = {
    name for path in AGENT.glob("**/*_test.go") for name in re.findall(r"func (Test\w+)", path.read_text())
}

OUTSIDE = {place.name for place in (*outside.PLACES, outside.NODE_LOG)}
"""What the leak test looks at outside of the places that it plants in."""


def _in_file(stem: str) -> set[str]:
    """The tests of a file, by its name without suffix."""
    return set().union(*(names for path, names in IN_PYTHON.items() if path.stem == stem))


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"\btest_\w+", PAGE)) - {path.stem for path in IN_PYTHON}
    assert named - set().union(*IN_PYTHON.values()) == set()
    assert set(re.findall(r"\bTest[A-Z]\w+", PAGE)) - IN_GO == set()


def test_every_test_named_with_its_file_is_in_it() -> None:
    for stem, name in re.findall(r"(test_\w+)\.py::(test_\w+)", PAGE):
        assert name in _in_file(stem), f"{stem}: {name}"
    for stem, names in re.findall(r"(test_\w+): ((?:`\w+`(?:, )?)+)", PAGE):
        for name in re.findall(r"\w+", names):
            assert f"test_{name}" in _in_file(stem), f"{stem}: {name}"


def test_every_file_of_tests_that_the_page_names_exists() -> None:
    for path in re.findall(r"\btests/[\w/.]+\.(?:py|php)", PAGE):
        assert (ROOT / path).is_file(), path


def test_every_place_that_the_page_names_is_planted_in() -> None:
    known = {place.name for place in ALL} | OUTSIDE
    others = {path.name for path in AGENT.iterdir()} | set().union(*IN_PYTHON.values()) | IN_GO
    section = PAGE.partition("## 1.")[2].partition("## 2.")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")]
    named = {
        word
        for row in rows
        if len(row) == 4
        for cell in re.findall(r"`([^`]*)`", row[3])
        for word in cell.split(", ")
        if "/" not in word and ".py" not in word
    }
    assert named - known - others == set()
