"""The customer needs a clone for longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.clones import CloneState
from clonepool.domain.lease import extended_until
from clonepool.domain.names import check_ttl
from clonepool.errors import CloneGone, CloneNotExtendable, StaleRow

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.ports import Clock, Leases
    from clonepool.usecases.read_clones import GetClone


@dataclass(frozen=True, slots=True)
class ExtendClone:
    """Give a READY clone at least so many minutes from now, up to its longest time."""

    leases: Leases
    clock: Clock
    get_clone: GetClone

    def __call__(self, clone_id: str, ttl_minutes: int, caller: str | None = None) -> Clone:
        """Raises InvalidTtl, NotFound, CloneGone (also when it goes in this moment), CloneNotExtendable."""
        check_ttl(ttl_minutes)
        clone = self.get_clone(clone_id, caller)
        self._check(clone)
        now = self.clock.now()
        wanted = extended_until(clone, ttl_minutes, now)
        try:
            return self.leases.extend(clone, wanted, now)
        except StaleRow as stale:
            return self._extended_meanwhile(clone, wanted, caller, stale)

    def _extended_meanwhile(self, clone: Clone, wanted: int, caller: str | None, stale: StaleRow) -> Clone:
        """Of two extensions at once the longer one counts, for both."""
        found = self.get_clone(clone.clone_id, caller)
        if found.lease_id == clone.lease_id and found.expires_at >= wanted:
            return found
        raise CloneGone(f"{clone.clone_id} has just expired or been released; ask for a new one.") from stale

    @staticmethod
    def _check(clone: Clone) -> None:
        if clone.state is CloneState.FAILED:
            raise CloneNotExtendable("The clone has failed; ask for a new one.")
        if clone.state is not CloneState.READY:
            raise CloneNotExtendable("The clone's time begins when it is READY; extend it then.")
        if clone.expires_at >= clone.max_expires_at:
            raise CloneNotExtendable("The clone has its longest time already.")
