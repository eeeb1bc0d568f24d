"""A source's name that leads where no clone may go: refused with its code, and nothing is called (case 23).

The lab's DNS gives a name below tricks.test the addresses that its labels say. All forbidden addresses are in
tests/vectors/addresses.json; here are those that show the way from a name to its refusal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest

from lab.cluster import net
from lab.lab import Lab
from lab.trials import hostile
from lab.trials.pretender import Pretender
from tests.e2e.trials import Case, Tried, attempt, try_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Installation

ZONE = "tricks.test"


def named(*addresses: str) -> str:
    """A host with these addresses."""
    labels = [f"v6-{IPv6Address(a).packed.hex()}" if ":" in a else a.replace(".", "-") for a in addresses]
    return ".".join([*labels, ZONE])


def refused(*addresses: str) -> Case:
    return Case("source_invalid", host=named(*addresses))


def sent_to(location: str) -> Case:
    return Case("source_invalid", {"*": hostile.redirect(location)}, host=f"first.{named(net.NODE_IP)}")


NEVER = {
    "the metadata service": refused("169.254.169.254"),
    "a mapped metadata service": refused("::ffff:169.254.169.254"),
    "a translated metadata service": refused("64:ff9b::a9fe:a9fe"),
    "a good address and a bad one": refused(net.NODE_IP, "169.254.169.254"),
    "the metadata service by its address": Case("source_invalid", url="http://169.254.169.254"),
}
PRIVATE = {
    "loopback": refused("127.0.0.1"),
    "a private address where somebody listens": refused(net.NODE_IP),
    "the same, mapped": refused(f"::ffff:{net.NODE_IP}"),
    "the same, mapped, by its address": Case("source_invalid", url=f"http://[::ffff:{net.NODE_IP}]:{{port}}"),
    "a public address and a private one": refused("93.184.215.14", net.NODE_IP),
}
ELSEWHERE = {
    "another name of the same address": sent_to(f"http://second.{named(net.NODE_IP)}/"),
    "the metadata service": sent_to("http://169.254.169.254/latest/meta-data/"),
    "loopback": sent_to("http://127.0.0.1/"),
    "a file": sent_to("file:///etc/passwd"),
    "itself, for ever": sent_to("/again"),
}


@pytest.fixture(scope="module")
def strict() -> Iterator[None]:
    """The functions as on AWS: no private address is a source's."""
    running = json.loads((Lab.here().paths.run / "functions.json").read_text())["parameters"]
    parameters = {name: value for name, value in running.items() if not name.endswith("Endpoint")}
    _restart({**parameters, "AllowPrivateSources": "false"})
    yield
    _restart(parameters)


def _restart(parameters: dict[str, str]) -> None:
    settings = [word for name, value in parameters.items() for word in ("--set", f"{name}={value}")]
    subprocess.run([sys.executable, "-m", "lab", "up", *settings], check=True, capture_output=True)


@pytest.fixture(scope="module")
def tried(base: Installation) -> dict[str, dict[str, Tried]]:
    return {"never": try_all(base, NEVER), "elsewhere": try_all(base, ELSEWHERE)}


@pytest.fixture(scope="module")
def tried_strictly(base: Installation, strict: None) -> dict[str, Tried]:
    return try_all(base, PRIVATE)


@pytest.mark.parametrize("name", NEVER)
def test_no_setting_allows_addresses_that_are_none_of_a_site(
    tried: dict[str, dict[str, Tried]], name: str
) -> None:
    _refused(tried["never"][name], name)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_redirect_to_another_host_is_not_followed(tried: dict[str, dict[str, Tried]], name: str) -> None:
    found = tried["elsewhere"][name]
    found.report(name)
    assert found.outcome.code == "source_invalid", found.outcome.detail


def test_an_address_that_changes_between_look_ups_is_not_followed(system: Installation) -> None:
    """The name leads to the source once, and to the metadata service ever after."""
    host = f"turns.{named(net.NODE_IP, '169.254.169.254')}"
    with Pretender(host=host) as source:
        system.api.put_source("turning", source.url, str(source.key))
        outcome = attempt(system, "turning")
        assert set(source.asked) == {"preflight", "tables", "rows", "files"}
    assert outcome.code is None, outcome.detail


@pytest.mark.parametrize("name", PRIVATE)
def test_private_addresses_are_refused_and_nothing_is_called(
    tried_strictly: dict[str, Tried], name: str
) -> None:
    _refused(tried_strictly[name], name)


def _refused(found: Tried, name: str) -> None:
    found.report(name)
    assert found.outcome.code == "source_invalid", found.outcome.detail
    assert found.asked == []
