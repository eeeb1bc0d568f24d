"""One cycle: lease, plant, see that the search finds it all, return, search again as the next customer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.leak import outside
from bench.leak.search import LETHAL, PLACES, control, plant, search
from lab.client import ApiProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.leak.installation import Installation
    from bench.leak.places import Place

MAX_TRIES = 12


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one place.

    Attributes:
        planted: whether something was left there.
        control: whether the search found it before the return.
        found: whether the next customer, or a search of the raw volumes, found it after.
        check: what covers it.
        refused: nothing can be left there, and nothing may be.
    """

    place: str
    planted: bool
    control: bool
    found: bool
    check: str
    note: str = ""
    refused: bool = False

    @property
    def tried(self) -> bool:
        """What was to be planted was, and the search can see it; what is refused was refused."""
        return not (self.planted or self.control) if self.refused else self.planted and self.control

    @property
    def ok(self) -> bool:
        """Tried, and nothing came of it."""
        return self.tried and not self.found


@dataclass(frozen=True, slots=True)
class Cycle:
    """One lease and what followed.

    Attributes:
        outcome: `reset`, or `replaced` where the pod was found dirty or not worth a reset.
    """

    outcome: str
    same_pod_again: bool
    rows: list[Row] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Everything was tried, nothing was found."""
        return all(row.ok for row in self.rows)


def canary_of_its_own() -> str:
    """A word that is nowhere else."""
    return f"canary_{secrets.token_hex(6)}"


def run(installation: Installation, places: Sequence[Place] = PLACES) -> Cycle:
    """Plant as A, search as A, return; lease as B until it has the same pod, and search as B."""
    first = installation.lease("a")
    pod_name, canary = first["pod_name"], canary_of_its_own()
    trace = outside.begin(installation, first, canary)
    before = {place.name: place.there(trace) for place in (*outside.PLACES, outside.NODE_LOG)}
    planted = plant(installation, pod_name, canary, places)  # what it leaves keeps visitors out
    seen = control(installation, pod_name, canary, places)
    installation.release(first)
    pod = installation.after(first)
    if pod is None or pod["state"] == "QUARANTINED":
        return Cycle("replaced", same_pod_again=False, rows=_rows(places, planted, seen, set()))
    second = _same_pod(installation, pod_name)
    rows = _rows(places, planted, seen, search(installation, pod_name, canary, places))
    rows += _outside(trace, before, second)
    if second:
        installation.release(second)
        installation.after(second)
    return Cycle("reset", same_pod_again=second is not None, rows=rows)


def lethal(installation: Installation) -> list[Row]:
    """What ends in a new pod instead of a clean one: `found` says that the old one was kept."""
    rows = []
    for place in LETHAL:
        clone = installation.lease("lethal")
        canary = canary_of_its_own()
        planted = plant(installation, clone["pod_name"], canary, [place])
        seen = control(installation, clone["pod_name"], canary, [place])
        installation.release(clone)
        pod = installation.after(clone)
        kept = pod is not None and pod["state"] != "QUARANTINED"
        rows += [Row(place.name, planted[place.name], bool(seen), kept, place.check, "the pod is replaced")]
    return rows


def _rows(places: Sequence[Place], planted: dict[str, bool], seen: set[str], found: set[str]) -> list[Row]:
    return [
        Row(p.name, planted[p.name], p.name in seen, p.name in found, p.check, refused=p.refused)
        for p in places
    ]


def _outside(trace: outside.Trace, before: dict[str, bool], second: dict[str, Any] | None) -> list[Row]:
    """What is not in the pod's volumes, looked at by the next customer where there is one."""
    trace.now = second
    rows = [
        Row(place.name, before[place.name], before[place.name], place.there(trace), place.check, place.note)
        for place in outside.PLACES
        if second or not place.of_next
    ]
    log = outside.NODE_LOG
    return [
        *rows,
        Row(log.name, before[log.name], before[log.name], found=False, check=log.check, note=log.note),
    ]


def _same_pod(installation: Installation, pod_name: str) -> dict[str, Any] | None:
    """A clone of the next customer's in the same pod; None if it goes elsewhere again and again."""
    others = []
    try:
        for _ in range(MAX_TRIES):
            clone = installation.lease("b")
            if clone["pod_name"] == pod_name:
                return clone
            others.append(clone)
    except ApiProblem as problem:  # a quota, or no more pods: search without a second lease
        if problem.status < 400:
            raise
    finally:
        for clone in others:
            installation.release(clone)
    return None
