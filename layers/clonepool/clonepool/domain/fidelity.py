"""The report of an import, long and short."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clonepool.domain.clones import Progress

LISTED = 20
"""So many entries of a list show what happened; counts tell how much, the full report the rest."""

SHORTENED = "shortened"


def shorten(fidelity: dict[str, Any]) -> dict[str, Any]:
    """The report as a row keeps it. `shortened` says of what was cut, ever, how many entries it had."""
    short = {name: _short(value) for name, value in fidelity.items() if name != SHORTENED}
    cut = {name: len(fidelity[name]) for name in short if short[name] != fidelity[name]}
    marks = {**fidelity.get(SHORTENED, {}), **cut}
    return {**short, SHORTENED: marks} if marks else short


def whole(fidelity: dict[str, Any]) -> bool:
    """Whether a row keeps all that is in this report, which may be what was left of a longer one."""
    return shorten(fidelity) == fidelity


def entries(fidelity: dict[str, Any], name: str) -> int:
    """How many entries this list of a report has, or had before it was cut."""
    listed = fidelity.get(name)
    present = len(listed) if isinstance(listed, list) else 0
    return max(present, within(fidelity, SHORTENED, name) or 0)


def within(report: Any, *names: str) -> Any:
    """What lies in nested objects under these names; None where there is no such thing."""
    for name in names:
        report = report.get(name) if isinstance(report, dict) else None
    return report


def of_source(fidelity: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What the source has said of itself for this import: versions, and how much there is.

    `bytes` are of what makes the clone usable, `uploads` and `upload_bytes` of what follows.
    """
    following = progress.backfill
    said = {
        "versions": within(fidelity, "versions", "source"),
        "tables": within(fidelity, "tables"),
        "rows": within(fidelity, "rows", "source"),
        "bytes": progress.bytes_total,
        "uploads": following and following.files_total,
        "upload_bytes": following and following.bytes_total,
    }
    return {name: value for name, value in said.items() if value is not None}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(entry) for entry in value[:LISTED]]
    if isinstance(value, dict):
        return {name: _short(entry) for name, entry in islice(value.items(), LISTED)}
    return value
