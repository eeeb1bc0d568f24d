"""A source that means harm does none: a clear code, a clean pod, and the next customer is served.

Each knows its export key, so that its answers carry the right MAC (cases 23 and 24).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.trials import hostile
from lab.trials.hostile import table
from lab.trials.protocol import file, large_cell, link, num, row, text
from tests.e2e.trials import Case, Tried, try_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.trials.pretender import Act
    from tests.e2e.conftest import Installation

CODE = b"<?php // planted"


def rows(payload: bytes, **more: list[str]) -> dict[str, Act]:
    return {"rows": hostile.rows(payload, **more)}


def files(*records: bytes) -> dict[str, Act]:
    return {"files": hostile.files(*records)}


def definition(create: str) -> dict[str, Act]:
    return {"tables": hostile.tables(table("wp_x", create))}


UPLOADS = {"roots": [{"name": "uploads", "target": "wp-content/uploads"}]}
"""What is wrong with uploads makes a clone incomplete: it is usable before they are there."""
HOSTILE = {
    "data without a checkpoint": Case("source_invalid", {"rows": hostile.endless_data}),
    "definitions without end": Case("too_large", {"tables": hostile.endless_definitions}),
    "a frame of 4 GB": Case("source_invalid", {"tables": hostile.huge_frame}),
    "no progress": Case("source_unreachable", {"rows": hostile.no_progress}),
    "a bomb": Case("source_invalid", {"*": hostile.bomb}),
    "a cell longer than its row": Case("source_invalid", rows(num(2**62))),
    "a large cell of an exabyte": Case("source_invalid", rows(row("1", "a") + large_cell(2**60, "t"))),
    "a column of SQL": Case(
        "source_invalid", rows(row("1", "a"), columns=["option_id", "x`) SET `y` = (1); -- "])
    ),
    "an estimate of an exabyte": Case("too_large", facts={"bytes_estimate": 2**60}),
    "facts of another type": Case("source_invalid", {"preflight": hostile.nothing_but_json([1, 2])}),
    "SQL behind a definition": Case(
        "source_invalid", definition("CREATE TABLE `wp_x` (`id` int); DROP DATABASE wordpress")
    ),
    "SQL instead of a definition": Case("source_invalid", definition("DROP TABLE `wp_options`")),
    "a table in another schema": Case("source_invalid", definition("CREATE TABLE `mysql`.`wp_x` (`id` int)")),
    "a path that climbs": Case("source_invalid", files(file("../../../tmp/x", CODE))),
    "an absolute path": Case("source_invalid", files(file("/tmp/x", CODE))),
    "a path with a NUL": Case("source_invalid", files(file(b"x\0.php", CODE))),
    "a root outside": Case("source_invalid", facts={"roots": [{"name": "x", "target": "../../../tmp"}]}),
    "a link that climbs": Case("source_invalid", files(link("etc", "../../../../../etc"))),
    "a link to a place outside": Case("source_invalid", files(link("etc", "/etc"))),
    "a device": Case("source_invalid", files(b"c" + text("null") + num(0o666))),
    "a file shorter than it says": Case("source_invalid", files(file("x", CODE, size=10**15))),
}


@pytest.fixture(scope="module")
def tried(base: Installation) -> dict[str, Tried]:
    return try_all(base, HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_source_fails_with_its_code(tried: dict[str, Tried], name: str) -> None:
    tried[name].report(name)
    assert tried[name].outcome.code == HOSTILE[name].code, tried[name].outcome.detail
    assert "preflight" in tried[name].asked, "the source was never asked"


LATER = {
    "a path that climbs": Case(None, files(file("../../../tmp/x", CODE)), UPLOADS),
}


@pytest.fixture(scope="module")
def tried_later(base: Installation) -> dict[str, Tried]:
    return try_all(base, LATER)


@pytest.mark.parametrize("name", LATER)
def test_what_is_wrong_with_uploads_leaves_a_clone_that_says_so(
    tried_later: dict[str, Tried], name: str
) -> None:
    outcome = tried_later[name].outcome
    assert outcome.code is None, outcome.detail
    assert outcome.report["complete"] is False
    assert outcome.report["incomplete"]


def test_the_pool_serves_the_next_customer(
    system: Installation, customer: Callable[..., str], tried: dict[str, Tried]
) -> None:
    assert len(tried) == len(HOSTILE)
    system.warm()
    ready = system.api.until_ready(system.clone(customer())["clone_id"])
    assert system.page(ready).status_code == 200
