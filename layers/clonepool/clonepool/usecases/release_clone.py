"""The customer is done with a clone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clonepool.ports import Leases


@dataclass(frozen=True, slots=True)
class ReleaseClone:
    """End a lease. The record of the removed row brings the pod back."""

    leases: Leases

    def __call__(self, clone_id: str, caller: str | None = None) -> bool:
        """Whether a row was removed now. Nothing there, or another customer's, is all the same: no effect."""
        clone = self.leases.get(clone_id)
        if clone is None or caller not in (None, clone.customer_id):
            return False
        return self.leases.remove(clone)
