"""Hosts that a clone may call, although clones call nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clonepool.errors import InvalidHosts

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_HOSTS = 20
MAX_HOST = 253

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII)
_INSIDE = (".local", ".localhost", ".internal", ".localdomain", ".lan", ".home.arpa", ".in-addr.arpa")
"""Suffixes that mean something inside a network only: the cluster's own names, the cloud's metadata."""


def check_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    """The host names in lower case, each once, in order.

    An internationalised name is given as it stands in DNS (`xn--...`). Addresses are refused, and names that
    can only mean something inside; whatever a name leads to, the network keeps private addresses closed.

    Raises:
        InvalidHosts: too many, or one that is no public host name.
    """
    if len(hosts) > MAX_HOSTS:
        raise InvalidHosts(f"allow_hosts must hold at most {MAX_HOSTS} host names.")
    return tuple(dict.fromkeys(_checked(host) for host in hosts))


def _checked(host: str) -> str:
    lower = host.lower()
    if len(lower) > MAX_HOST or not _HOST.fullmatch(lower) or lower.endswith(_INSIDE):
        raise InvalidHosts(
            "allow_hosts must hold public host names like api.example.com, without scheme, port, path or "
            "wildcard; addresses and names of internal networks are refused."
        )
    return lower
