"""What a customer sees of the report at a look at the clone."""

from __future__ import annotations

from typing import Any

from clonepool.domain.fidelity import shorten
from clonepool.entrypoints.http.summary import WARNINGS, summary

OFF = [{"plugin": "plugins/slider/slider.php", "reason": "Uncaught Error"}]
VERSIONS = {"source": {"php": "7.4.33"}, "clone": {"php": "8.4.1"}, "differ": ["php"]}
INCOMPLETE = {"code": "source_unreachable", "detail": "Nobody answers.", "missing": "wp-content/uploads"}
REPORT: dict[str, Any] = {
    "tables": 12,
    "rows": {"source": 900, "clone": 899},
    "tables_copied": [{"name": f"wp_{n}", "source_rows": 75} for n in range(12)],
    "tables_differing": [{"name": "wp_1"}],
    "tables_changed": [{"table": f"wp_{n}"} for n in range(31)],
    "tables_left_out": [],
    "cells_rewritten": {"text": 30, "serialized": 12},
    "cells_not_rewritten": {"too_long": 0, "damaged": 2},
    "cells_listed": [{"cell": "wp_options.option_value"}],
    "bytes": 5000,
    "files": 40,
    "file_bytes": 7000,
    "files_skipped": [{"path": "a.jpg"}],
    "files_skipped_count": 1,
    "checksum": "sha256:00",
    "versions": VERSIONS,
    "plugins_off": OFF,
    "drop_ins_off": ["object-cache.php"],
    "smoke_warnings": ["The page names the source."],
    "complete": False,
    "incomplete": INCOMPLETE,
}


def test_a_look_shows_figures_and_what_is_not_as_at_the_source() -> None:
    assert summary(shorten(REPORT)) == {
        "complete": False,
        "incomplete": INCOMPLETE,
        "tables": 12,
        "rows": {"source": 900, "clone": 899},
        "bytes": 5000,
        "cells_rewritten": 42,
        "cells_not_rewritten": 2,
        "files": 40,
        "file_bytes": 7000,
        "files_skipped": 1,
        "versions": VERSIONS,
        "plugins_off": OFF,
        "warnings": {"tables_differing": 1, "tables_changed": 31, "drop_ins_off": 1, "smoke_warnings": 1},
    }


def test_nothing_is_shown_before_there_is_a_report() -> None:
    assert summary({}) == {}


def test_a_report_of_another_shape_is_shown_as_far_as_it_goes() -> None:
    assert summary({"tables": 1, "cells_rewritten": 5, "tables_changed": None}) == {
        "tables": 1,
        "cells_rewritten": 5,
        "warnings": {},
    }
    assert summary({name: [1] for name in WARNINGS})["warnings"] == dict.fromkeys(WARNINGS, 1)
