"""The customer is done with a clone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.errors import StoreBusy

if TYPE_CHECKING:
    from clonepool.ports import Leases


ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ReleaseClone:
    """End a lease. The record of the removed row brings the pod back."""

    leases: Leases

    def __call__(self, clone_id: str, caller: str | None = None) -> bool:
        """Whether a row was removed now. Nothing there, or another customer's, is all the same: no effect."""
        clone = first = self.leases.get(clone_id)
        for _ in range(ATTEMPTS):
            if clone is None or first is None or clone.lease_id != first.lease_id:
                return False
            if caller not in (None, clone.customer_id):
                return False
            if self.leases.remove(clone):
                return True
            clone = self.leases.get(clone_id)  # extended or READY in this moment
        raise StoreBusy(f"{clone_id} changes at this moment; try again.")
