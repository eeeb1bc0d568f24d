"""Reports of imports: the short one in the clone's row, the long one beside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clonepool.domain.fidelity import SHORTENED, shorten
from clonepool.errors import Unavailable

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.ports import Reports
    from clonepool.usecases.read_clones import GetClone


@dataclass(frozen=True, slots=True)
class KeepReport:
    """Put the long report away, if it is one, and return what goes into the row."""

    reports: Reports

    def __call__(self, clone: Clone, fidelity: dict[str, Any]) -> dict[str, Any]:
        """A report that cannot be kept whole holds up no clone: its short form says that it is one."""
        short = shorten(fidelity)
        if SHORTENED not in short:
            return short
        with suppress(Unavailable):
            self.reports.put(clone.lease_id, fidelity)
        return short


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
        return clone, self.reports.get(clone.lease_id) or clone.fidelity
