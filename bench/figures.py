"""Figures of repeated measurements, and the file that keeps them."""

from __future__ import annotations

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def percentiles(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """p50, p95: the value that so many percent do not exceed, one of those measured; and the largest."""
    ordered = sorted(values)

    def at(percent: int) -> float:
        return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], digits)

    return {"p50": at(50), "p95": at(95), "max": at(100)}


def median_by_name(measured: Sequence[dict[str, float]], digits: int = 2) -> dict[str, float]:
    """The median of each name's values, where it was measured."""
    names = dict.fromkeys(name for one in measured for name in one)
    return {
        name: round(statistics.median([one[name] for one in measured if name in one]), digits)
        for name in names
    }


def now() -> str:
    """The time of a measurement, as results say it."""
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


def write(name: str, figures: dict[str, Any], *, beside: bool = False) -> Path:
    """Keep figures as results/`name`.json, with what they were measured on.

    `beside` keeps what an earlier run measured under other names; each then carries its own `measured_at`.
    """
    machine = {"cores": os.cpu_count(), "architecture": platform.machine(), "kernel": platform.release()}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    kept = json.loads(path.read_text()) if beside and path.exists() else {}
    path.write_text(
        json.dumps({**kept, **figures, "measured_at": now(), "machine": machine}, indent=2) + "\n"
    )
    return path
