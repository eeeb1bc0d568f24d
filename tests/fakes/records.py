"""Streams of the fake tables, and what the pipes of architecture.md section 1 make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clonepool.domain.clones import Clone, CloneState
from clonepool.domain.pods import Pod, PodState


@dataclass(frozen=True, slots=True)
class Record:
    """One change of one row. `old` is None for an insert, `new` for a removal."""

    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Prepare:
    """To clone_worker."""

    clone_id: str
    lease_id: str


@dataclass(frozen=True, slots=True)
class Return:
    """To pod_return."""

    pod_name: str
    generation: int
    lease_id: str


@dataclass(frozen=True, slots=True)
class Wake:
    """To pool_keeper."""

    pod_name: str
    generation: int


Event = Prepare | Return | Wake


def events_of(record: Record) -> list[Event]:
    """What the pipes pass on for one record."""
    row = record.new or record.old
    return _of_clone(record) if isinstance(row, Clone) else _of_pod(record)


def _of_clone(record: Record) -> list[Event]:
    old, new = record.old, record.new
    if new is None:
        return _returned(old)
    if new.state is CloneState.FAILED and old is not None and old.state is not CloneState.FAILED:
        return _returned(new)
    inserted = old is None and new.state in {CloneState.QUEUED, CloneState.IMPORTING}
    seated = old is not None and old.state is CloneState.QUEUED and new.state is CloneState.IMPORTING
    return [Prepare(new.clone_id, new.lease_id)] if inserted or seated else []


def _returned(clone: Clone) -> list[Event]:
    if clone.pod_name is None or clone.generation is None:
        return []
    return [Return(clone.pod_name, clone.generation, clone.lease_id)]


def _of_pod(record: Record) -> list[Event]:
    old: Pod | None = record.old
    new: Pod | None = record.new
    if new is None:
        return [Wake(old.pod_name, old.generation)] if old else []
    created = old is None and new.state is PodState.CREATING
    left = old is not None and old.state is PodState.WARM and new.state is not PodState.WARM
    released = old is not None and (old.state, new.state) == (PodState.QUARANTINED, PodState.DELETING)
    return [Wake(new.pod_name, new.generation)] if created or left or released else []
