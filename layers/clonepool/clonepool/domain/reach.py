"""What a leased pod may reach: addresses of named hosts, looked up and checked before the network is opened.

The agent in the pod checks the source's addresses by the same rule (docker/clone-agent, source/address.go);
tests/vectors/addresses.json holds both to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP, HTTPS = 80, 443
MAX_ADDRESSES = 16
"""Of one host: more than any site has, and few enough for one rule of a policy."""

type Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Destination:
    """One host: its addresses, IPv4 first, and the TCP ports on which it may be called."""

    host: str
    addresses: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a leased pod may call: the source it is a copy of, and the hosts allowed for this clone."""

    source: Destination
    allowed: tuple[Destination, ...] = ()


NEVER = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "100.100.100.200/32", "168.63.129.16/32"),
        *("::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/32", "100::/64", "2001:db8::/32", "64:ff9b:1::/48"),
    )
)
"""Addresses that no setting allows: metadata services, link-local, multicast, reserved."""

PRIVATE = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "198.18.0.0/15"),
        *("::1/128", "fc00::/7", "fec0::/10"),
    )
)
"""Addresses that a laboratory may allow: loopback, RFC 1918, carrier-grade NAT, unique local."""

_IN_THE_LAST_BITS = tuple(ip_network(text) for text in ("64:ff9b::/96", "::ffff:0:0:0/96"))
_COMPATIBLE = ip_network("::/96")


def source_host(url: str) -> str:
    """The host of a source's address, as `check_source_url` lets it pass."""
    return urlsplit(url).hostname or ""


def source_ports(url: str) -> tuple[int, ...]:
    """The port of a source's address; HTTPS too where it is HTTP, for sites redirect to it."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return (parts.port or HTTPS,)
    return tuple(dict.fromkeys((parts.port or HTTP, HTTPS)))


def literal(host: str) -> str | None:
    """The host itself, if it is an address and no name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def why_forbidden(address: Address, *, allow_private: bool) -> str | None:
    """Why an address must not be called; None if it may."""
    inner = _carried(address)
    if any(inner in block for block in NEVER):
        return "which is no address of a site"
    if not allow_private and any(inner in block for block in PRIVATE):
        return "which is a private address"
    return None


def checked(host: str, found: Sequence[str], *, allow_private: bool) -> tuple[tuple[str, ...], str | None]:
    """The addresses to open, IPv4 first, or none and the reason why not, for people.

    One forbidden address among several is enough: a name that points to both is made to deceive.
    """
    addresses = [_plain(ip_address(text)) for text in found]
    for address in addresses:
        if why := why_forbidden(address, allow_private=allow_private):
            return (), f"{host} resolves to {address}, {why}"
    ordered = sorted(dict.fromkeys(addresses), key=lambda address: address.version)
    return tuple(str(address) for address in ordered[:MAX_ADDRESSES]), None


def _plain(address: Address) -> Address:
    """IPv4-mapped as IPv4, and without a zone."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(address.packed)
    return address


def _carried(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (RFC 4291, 6052, 2765, 3056, 4380), else the address as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    last = IPv4Address(address.packed[12:])
    if any(address in block for block in _IN_THE_LAST_BITS) or (
        address in _COMPATIBLE and address.packed[12]
    ):
        return last
    if address.sixtofour:
        return address.sixtofour
    return address.teredo[1] if address.teredo else address
