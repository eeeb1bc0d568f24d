"""What is read out of the report of an import."""

from __future__ import annotations

from typing import Any

import pytest

from clonepool.domain.clones import Backfill, Progress
from clonepool.domain.fidelity import of_source

VERSIONS = {"wordpress": "6.8", "php": "8.2.28", "database": "mariadb 11.8", "plugin": "1.0"}


def test_what_the_source_was_when_it_was_imported() -> None:
    fidelity = {
        "tables": 12,
        "rows": {"source": 900, "clone": 899, "by_table": {"wp_posts": 899}},
        "versions": {"source": VERSIONS, "clone": {"php": "8.4"}},
    }
    progress = Progress("uploads", 100, 7000, 7000, backfill=Backfill(0, 0, 5000, 0, 40))

    assert of_source(fidelity, progress) == {
        "versions": VERSIONS,
        "tables": 12,
        "rows": 900,
        "bytes": 7000,
        "uploads": 40,
        "upload_bytes": 5000,
    }


@pytest.mark.parametrize("report", [{}, {"versions": None, "rows": 5}, {"versions": {}, "rows": []}])
def test_what_a_report_does_not_say_is_left_out(report: dict[str, Any]) -> None:
    assert of_source(report, Progress()) == {"bytes": 0}
