"""Kubernetes quantities as integers: milli-cores and bytes."""

from __future__ import annotations

import re

_UNITS = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_CPU = re.compile(r"^(\d+(?:\.\d+)?)(m?)$")
_MEMORY = re.compile(r"^(\d+)(|k|M|G|T|Ki|Mi|Gi|Ti)$")


def millicores(text: str) -> int:
    """`500m` -> 500, `1` -> 1000, `0.5` -> 500. Raises ValueError."""
    match = _CPU.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no CPU quantity; write cores (1, 0.5) or milli-cores (500m)")
    return round(float(match[1]) * (1 if match[2] else 1000))


def byte_count(text: str) -> int:
    """`512Mi` -> 536870912. Raises ValueError."""
    match = _MEMORY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no memory quantity; write it like 512Mi or 1Gi")
    return int(match[1]) * _UNITS[match[2]]
