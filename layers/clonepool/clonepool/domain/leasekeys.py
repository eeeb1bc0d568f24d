"""Keys that open one lease, derived from the installation's secret: nothing of them is stored anywhere.

Whoever holds the secret (the API, the worker) can say a lease's keys again at any time; the pod is told its
own at the import. They are worth nothing once the lease is over, because the next one has another id.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal

LOGIN_SECONDS = 60
"""How long a login link may be used."""

type Purpose = Literal["access", "login"]


@dataclass(frozen=True, slots=True)
class LoginPass:
    """What a login link carries; good once, until `expires_at` (epoch seconds)."""

    text: str = field(repr=False)
    expires_at: int


def lease_key(secret: str, purpose: Purpose, lease_id: str) -> str:
    """64 hex digits. Of `access`: the token itself; of `login`: the key that login links are signed with."""
    return _mac(secret, f"clonepool-{purpose}-v1\n{lease_id}")


def login_pass(key: str, clone_id: str, nonce: str, now: int) -> LoginPass:
    """`{expires_at}.{nonce}.{signature}`, as the guard in the pod reads it (guard/doors/login.php)."""
    expires_at = now + LOGIN_SECONDS
    signature = _mac(key, f"clonepool-login-link-v1\n{clone_id}\n{expires_at}\n{nonce}")
    return LoginPass(f"{expires_at}.{nonce}.{signature}", expires_at)


def _mac(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
