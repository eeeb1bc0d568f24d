"""Reports of imports: the short one in the clone's row, the long one beside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clonepool.domain.fidelity import SHORTENED, shorten, whole
from clonepool.errors import Unavailable

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.ports import Reports
    from clonepool.usecases.read_clones import GetClone

LATEST = ("complete", "incomplete")
"""What the row alone knows if files never came: then there is no longer report than that of before."""


@dataclass(frozen=True, slots=True)
class KeepReport:
    """Put the long report away, if it is one, and return what goes into the row."""

    reports: Reports

    def __call__(self, clone: Clone, fidelity: dict[str, Any]) -> dict[str, Any]:
        """A report that cannot be kept whole holds up no clone: its short form says that it is one."""
        if not whole(fidelity):
            report = {name: value for name, value in fidelity.items() if name != SHORTENED}
            with suppress(Unavailable):
                self.reports.put(clone.lease_id, report)
        return shorten(fidelity)


@dataclass(frozen=True, slots=True)
class GetFidelity:
    """The whole report of a clone's import."""

    get_clone: GetClone
    reports: Reports

    def __call__(self, clone_id: str, caller: str | None = None) -> tuple[Clone, dict[str, Any]]:
        """The clone and its report. Raises as GetClone; Unavailable if the long one cannot be had now."""
        clone = self.get_clone(clone_id, caller)
        if SHORTENED not in clone.fidelity:
            return clone, clone.fidelity
        report = self.reports.get(clone.lease_id) or clone.fidelity
        return clone, {**report, **{name: clone.fidelity[name] for name in LATEST if name in clone.fidelity}}
