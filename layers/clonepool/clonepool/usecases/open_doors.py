"""The ways into a clone that only its customer has: the token of a private clone, and the login link."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

from clonepool.domain.clones import CloneState
from clonepool.domain.leasekeys import LoginPass, lease_key, login_pass
from clonepool.errors import CloneNotReady

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Clone
    from clonepool.ports import Clock, Secrets
    from clonepool.usecases.read_clones import GetClone

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The token that opens a private clone."""

    secrets: Secrets

    def __call__(self, clone: Clone) -> str | None:
        """64 hex digits; None where none is needed. Raises Unavailable."""
        if clone.access == "public":
            return None
        return lease_key(self.secrets.lease_secret(), "access", clone.lease_id)


@dataclass(frozen=True, slots=True)
class IssueLogin:
    """Let an administrator of the clone in once, without any password."""

    get_clone: GetClone
    secrets: Secrets
    clock: Clock
    new_nonce: Callable[[], str] = field(default=lambda: token_hex(NONCE_BYTES))

    def __call__(self, clone_id: str, caller: str | None = None) -> LoginPass:
        """Nothing is stored: the pod itself sees that a pass is used once.

        Raises:
            NotFound, CloneGone: as for reading the clone. CloneNotReady. Unavailable.
        """
        clone = self.get_clone(clone_id, caller)
        if clone.state is not CloneState.READY:
            raise CloneNotReady(f"{clone_id} is {clone.state}; ask for a login link once it is READY.")
        key = lease_key(self.secrets.lease_secret(), "login", clone.lease_id)
        return login_pass(key, clone.clone_id, self.new_nonce(), self.clock.now())
