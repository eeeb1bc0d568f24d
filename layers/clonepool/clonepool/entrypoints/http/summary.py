"""What a look at a clone shows of its import's report: figures, and what a customer should know of."""

from __future__ import annotations

from typing import Any

from clonepool.domain.fidelity import entries

WARNINGS = (
    "tables_differing",
    "tables_changed",
    "tables_left_out",
    "tables_adapted",
    "views_failed",
    "triggers_failed",
    "drop_ins_off",
    "smoke_warnings",
)
"""Lists of the report with an entry for each thing that is not as at the source, or that may not be."""


def summary(fidelity: dict[str, Any]) -> dict[str, Any]:
    """Short, whatever the report is like; nothing before there is one."""
    if not fidelity:
        return {}
    shown = {
        **{name: fidelity.get(name) for name in ("complete", "incomplete", "tables", "rows", "bytes")},
        **{name: _total(fidelity.get(name)) for name in ("cells_rewritten", "cells_not_rewritten")},
        **{name: fidelity.get(name) for name in ("files", "file_bytes", "versions", "plugins_off")},
        "files_skipped": fidelity.get("files_skipped_count"),
        "warnings": {name: count for name in WARNINGS if (count := entries(fidelity, name))},
    }
    return {name: value for name, value in shown.items() if value is not None}


def _total(cells: Any) -> Any:
    """The sum of what the report counts by kind."""
    return sum(cells.values()) if isinstance(cells, dict) else cells
