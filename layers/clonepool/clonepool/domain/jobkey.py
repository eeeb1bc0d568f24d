"""The export key of a source, and the key derived from it for one job (architecture.md section 4).

The derived key opens the source for one clone, one generation and until one second only, so the export key
itself never enters a pod.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from clonepool.errors import InvalidKey

_EXPORT_KEY = re.compile(r"cm1_(?P<key_id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)
_CONTEXT = "custom-migrator-job-v1"


@dataclass(frozen=True, slots=True)
class ExportKey:
    """An export key, taken apart. `secret` is the 43 characters as text, not decoded."""

    key_id: str
    secret: str = field(repr=False)


def parse_export_key(key: str) -> ExportKey:
    """Take `cm1_<16 hex>_<43 base64url>` apart. Raises InvalidKey, which never repeats the key."""
    found = _EXPORT_KEY.fullmatch(key)
    if not found:
        raise InvalidKey(
            "key is not an export key of the custom-migrator plugin; it begins with 'cm1_' and is shown once "
            "by the plugin on the source."
        )
    return ExportKey(found["key_id"], found["secret"])


def derive_job_key(key: ExportKey, clone_id: str, generation: int, expires_at: int) -> str:
    """The key of one job, 64 hex digits. `expires_at` in epoch seconds."""
    message = "\n".join((_CONTEXT, key.key_id, clone_id, str(generation), str(expires_at)))
    return hmac.new(key.secret.encode(), message.encode(), hashlib.sha256).hexdigest()
