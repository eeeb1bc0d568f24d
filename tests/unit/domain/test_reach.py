"""Which addresses a pod may call."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from clonepool.domain.reach import MAX_ADDRESSES, checked, literal, source_host, source_ports, why_forbidden

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "addresses.json").read_text())


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, address) for kind, found in VECTORS.items() for address in found]
)
def test_the_rule_is_that_of_the_agent(kind: str, address: str) -> None:
    allowed = {"never": (False, False), "private": (False, True), "public": (True, True)}[kind]
    found = ip_address(address)
    assert (why_forbidden(found, allow_private=False) is None) is allowed[0]
    assert (why_forbidden(found, allow_private=True) is None) is allowed[1]


def test_one_forbidden_address_among_several_refuses_the_host() -> None:
    addresses, why = checked("shop.example.com", ["93.184.215.14", "::ffff:10.0.0.1"], allow_private=False)
    assert addresses == ()
    assert why == "shop.example.com resolves to 10.0.0.1, which is a private address"


def test_addresses_come_once_ipv4_first_and_not_without_end() -> None:
    found = ["2606:2800:21f::1", "93.184.215.14", "::ffff:93.184.215.14"]
    assert checked("a.test", found, allow_private=False) == (("93.184.215.14", "2606:2800:21f::1"), None)
    many = [f"93.184.{n // 250}.{n % 250}" for n in range(1000)]
    assert len(checked("a.test", many, allow_private=False)[0]) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("url", "host", "ports"),
    [
        ("https://shop.example.com", "shop.example.com", (443,)),
        ("https://shop.example.com:8443/blog", "shop.example.com", (8443,)),
        ("http://shop.example.com", "shop.example.com", (80, 443)),
        ("http://[2606:2800::1]:8080", "2606:2800::1", (8080, 443)),
    ],
)
def test_the_source_is_called_on_its_own_port(url: str, host: str, ports: tuple[int, ...]) -> None:
    assert (source_host(url), source_ports(url)) == (host, ports)


def test_an_address_is_no_name() -> None:
    assert literal("10.0.0.1") == "10.0.0.1"
    assert literal("shop.example.com") is None
