"""What the pipes hand over (docs/architecture.md section 1): keys only, as text, in a list.

A missing path arrives as an empty string, and `generation` as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class CloneRecord:
    """A clone became IMPORTING or QUEUED."""

    clone_id: str
    lease_id: str


@dataclass(frozen=True, slots=True)
class ReturnedRecord:
    """A lease is over: this generation of this pod was its."""

    pod_name: str
    generation: int
    lease_id: str


@dataclass(frozen=True, slots=True)
class PodRecord:
    """Something happened to a pod row; `generation` is 0 when the row is gone."""

    pod_name: str
    generation: int


def clone_records(event: Any) -> Iterator[CloneRecord]:
    """For clone_worker. Raises ValueError on what no pipe of ours sends."""
    for record in _records(event, "clone"):
        yield CloneRecord(_text(record, "clone_id"), _text(record, "lease_id"))


def returned_records(event: Any) -> Iterator[ReturnedRecord]:
    """For pod_return: the old image if there is one, else the new. A lease without a pod returns nothing."""
    for record in _records(event, "returned"):
        prefix = "old_" if record.get("old_pod_name") else ""
        if record.get(f"{prefix}pod_name"):
            yield ReturnedRecord(
                _text(record, f"{prefix}pod_name"),
                _number(record, f"{prefix}generation"),
                _text(record, f"{prefix}lease_id"),
            )


def pod_records(event: Any) -> Iterator[PodRecord]:
    """For pool_keeper."""
    for record in _records(event, "pod"):
        yield PodRecord(_text(record, "pod_name"), _number(record, "generation"))


def is_schedule(event: Any) -> bool:
    """Whether EventBridge calls because it is time."""
    return isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"


def _records(event: Any, kind: str) -> Iterator[Mapping[str, Any]]:
    for record in event if isinstance(event, list) else [event]:
        if not isinstance(record, dict) or record.get("kind") != kind:
            raise ValueError(f"expected records of kind {kind!r}, as the pipes of template.yaml send them")
        yield record


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"the record has no {name}")
    return value


def _number(record: Mapping[str, Any], name: str) -> int:
    return int(str(record.get(name) or 0))
