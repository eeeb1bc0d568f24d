"""A key that does not fit, a source that is none: each fails with its code, and its pod comes back clean.

That each is told within 15 seconds is shown by a clock that does not depend on the machine:
docker/clone-agent/internal/importer/source/intime_test.go.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from lab.client import wait_until
from lab.cluster import net
from lab.trials import hostile
from lab.trials.contents import End
from tests.e2e.trials import Case, Tried, try_all

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation, Source

CLI = "/var/www/html/wp-content/plugins/custom-migrator/cli.php"
HTML = b"<!DOCTYPE html><title>Coming soon</title><p>" + b"x" * 300_000
BAD = {
    "a page of HTML": Case("source_invalid", {"*": hostile.page(HTML)}),
    "a short page of HTML": Case("source_invalid", {"*": hostile.page(b"<html></html>")}),
    "a slow page of HTML": Case("source_invalid", {"*": hostile.late(3, hostile.page(HTML))}),
    "nothing with status 200": Case("source_invalid", {"*": hostile.page(b"")}),
    "an unknown page": Case("source_refused", {"*": hostile.page(HTML, 404)}),
    "a login": Case("source_refused", {"*": hostile.page(HTML, 401)}),
    "an error of the server": Case("source_unreachable", {"*": hostile.page(HTML, 503)}),
    "garbage": Case("source_invalid", {"*": hostile.page(os.urandom(300_000))}),
    "garbage in the middle": Case("source_invalid", {"tables": hostile.page(os.urandom(300_000))}),
    "silence": Case("source_unreachable", {"*": hostile.silent}),
    "half an answer": Case("source_unreachable", {"*": hostile.short_of_its_end}),
    "another protocol": Case("source_unreachable", url="https://{host}:{port}"),
    "a port where nobody listens": Case("source_unreachable", url=f"http://{net.NODE_IP}:9"),
    "a name that nobody has": Case("source_unreachable", url="http://nowhere.sources.test"),
}
KEYS = ("wrong", "expired", "revoked", "unknown")


@pytest.fixture(scope="module")
def keys(small_source: Source) -> dict[str, Case]:
    """Export keys of a sound source that its plugin does not take any more, or never did."""
    site = End.source(small_source.name)

    def cli(*words: str) -> str:
        return site.run("wordpress", ["php", CLI, *words])

    def fresh() -> str:
        return str(json.loads(cli("create-key", "--label=trial"))["key"])

    def key_id(key: str) -> str:
        return key.split("_")[1]

    made = {name: fresh() for name in KEYS}
    made["wrong"] = made["wrong"][:-4] + ("AAAA" if not made["wrong"].endswith("AAAA") else "BBBB")
    made["unknown"] = made["unknown"].replace(key_id(made["unknown"]), "0123456789abcdef")
    cli("revoke-key", key_id(made["revoked"]))
    cli("rotate-key", key_id(made["expired"]), "--grace=1")
    expired = key_id(made["expired"])
    wait_until(
        "the key to expire",
        lambda: not json.loads(cli("list-keys"))["keys"][expired]["active"],
        seconds=10,
    )
    return {
        f"{name} key": Case("source_refused", url=small_source.url, key=key) for name, key in made.items()
    }


@pytest.fixture(scope="module")
def tried(base: Installation, keys: dict[str, Case]) -> dict[str, Tried]:
    return try_all(base, {**BAD, **keys})


@pytest.mark.parametrize("name", BAD)
def test_a_source_that_is_none_fails_with_its_code(tried: dict[str, Tried], name: str) -> None:
    tried[name].report(name)
    assert tried[name].outcome.code == BAD[name].code, tried[name].outcome.detail


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_does_not_fit_fails_with_its_code(
    tried: dict[str, Tried], keys: dict[str, Case], name: str
) -> None:
    outcome = tried[f"{name} key"].outcome
    tried[f"{name} key"].report(f"{name} key")
    assert outcome.code == "source_refused", outcome.detail
    assert (keys[f"{name} key"].key or "").split("_")[2] not in outcome.detail
