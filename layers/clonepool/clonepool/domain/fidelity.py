"""The report of an import, long and short."""

from __future__ import annotations

from itertools import islice
from typing import Any

LISTED = 20
"""So many entries of a list show what happened; counts tell how much, the full report the rest."""

SHORTENED = "shortened"


def shorten(fidelity: dict[str, Any]) -> dict[str, Any]:
    """The report as a row keeps it; `shortened` is True if something was left out."""
    short = {name: _short(value) for name, value in fidelity.items() if name != SHORTENED}
    return {**short, SHORTENED: True} if any(short[name] != fidelity[name] for name in short) else short


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(entry) for entry in value[:LISTED]]
    if isinstance(value, dict):
        return {name: _short(entry) for name, entry in islice(value.items(), LISTED)}
    return value
