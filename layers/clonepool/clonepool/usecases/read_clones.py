"""What a caller may know about clones: a customer its own, the operator (None) all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.errors import CloneGone, NotFound

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.ports import Clock, Leases


@dataclass(frozen=True, slots=True)
class GetClone:
    """One clone, as long as it exists for its customer."""

    leases: Leases
    clock: Clock

    def __call__(self, clone_id: str, caller: str | None = None) -> Clone:
        """Live and FAILED clones. Raises CloneGone after expiry or release, NotFound for all others'."""
        clone = self.leases.get(clone_id)
        if clone is None:
            raise self._absent(clone_id, caller)
        if caller not in (None, clone.customer_id):
            raise _unknown(clone_id)
        if clone.expired(self.clock.now()):
            raise _gone(clone_id)
        return clone

    def _absent(self, clone_id: str, caller: str | None) -> CloneGone | NotFound:
        lease = self.leases.last_lease(clone_id)
        if lease and caller in (None, lease.customer_id):
            return _gone(clone_id)
        return _unknown(clone_id)


@dataclass(frozen=True, slots=True)
class ListClones:
    """A customer's clones, newest first, a page at a time."""

    leases: Leases
    clock: Clock

    def __call__(
        self, customer_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Clone], str | None]:
        """Expired rows are left out, so a page may be shorter than `limit` although there are more."""
        page, following = self.leases.of_customer(customer_id, limit=limit, cursor=cursor)
        now = self.clock.now()
        return [clone for clone in page if not clone.expired(now)], following


def _gone(clone_id: str) -> CloneGone:
    return CloneGone(f"{clone_id} has expired or was released; ask for a new one.")


def _unknown(clone_id: str) -> NotFound:
    return NotFound(f"There is no clone {clone_id}.")
