"""Names that customers choose, and the rules that keep two of them from ever meeting.

A clone id is a host name's first label and the name of a Service, so it is a DNS-1035 label (RFC 1035
section 2.3.1, and what Kubernetes asks of Services). Customer and name are joined by `--`, which neither may
hold: `a` with name `b` is `a--b`, customer `a-b` is `a-b`, and no two pairs give the same id.
"""

from __future__ import annotations

import re

from clonepool.errors import InvalidName, InvalidTtl

MAX_LABEL = 63
SEPARATOR = "--"
MIN_TTL_MINUTES, MAX_TTL_MINUTES = 1, 1440

RESERVED = frozenset(
    {
        "admin", "api", "app", "autodiscover", "default", "ftp", "imap", "kubernetes", "localhost", "mail",
        "ns", "pop", "root", "smtp", "status", "webmail", "wpad", "www",
        "xn",  # with a name it would read as punycode: xn--... (RFC 5890 section 2.3.1)
    }
)  # fmt: skip
"""Names that would shadow something else under the same domain or in the cluster."""

_LABEL = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)


def check_label(what: str, value: str) -> str:
    """Return `value` if it is a DNS-1035 label without `--`.

    Args:
        what: how the field is called, for the message.

    Raises:
        InvalidName: says which rule is broken and what to do.
    """
    if not _LABEL.fullmatch(value) or len(value) > MAX_LABEL:
        raise InvalidName(
            f"{what} must start with a letter, hold only a-z, 0-9 and '-', end with a letter or digit, "
            f"and be at most {MAX_LABEL} characters long."
        )
    if SEPARATOR in value:
        raise InvalidName(f"{what} must not hold '{SEPARATOR}': it separates customer and name.")
    return value


def check_customer(customer_id: str) -> str:
    """Return `customer_id` if it may be used. Raises InvalidName."""
    check_label("customer_id", customer_id)
    if customer_id in RESERVED:
        raise InvalidName(f"customer_id '{customer_id}' is reserved; choose another.")
    return customer_id


def clone_id_of(customer_id: str, name: str | None = None) -> str:
    """The clone's id: `customer_id`, or `customer_id--name`. Raises InvalidName."""
    check_customer(customer_id)
    if name is None:
        return customer_id
    clone_id = f"{customer_id}{SEPARATOR}{check_label('name', name)}"
    if len(clone_id) > MAX_LABEL:
        raise InvalidName(f"customer_id and name together must be at most {MAX_LABEL - 2} characters long.")
    return clone_id


def check_ttl(ttl_minutes: object) -> int:
    """Return whole minutes between 1 and 1440. Raises InvalidTtl."""
    if isinstance(ttl_minutes, bool) or not isinstance(ttl_minutes, int):
        raise InvalidTtl("ttl_minutes must be a whole number.")
    if not MIN_TTL_MINUTES <= ttl_minutes <= MAX_TTL_MINUTES:
        raise InvalidTtl(f"ttl_minutes must be between {MIN_TTL_MINUTES} and {MAX_TTL_MINUTES}.")
    return ttl_minutes
