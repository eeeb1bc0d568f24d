"""What dies only because it is in a clone is switched off, and the report says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from lab.demo.inspect import administrator_faults, page_faults, source_page
from lab.kubectl import run_in
from tests.e2e.conftest import source_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source

SOURCE = "e2e-fatal"
CONTENT = "/var/www/html/wp-content"
# The source lives, its visitors and its exports included; under any other address WordPress dies.
DYING = """<?php
/* Plugin Name: Bound to one address */
if (!str_ends_with($_SERVER['HTTP_HOST'] ?? '.sources.test', '.sources.test')) {
    throw new RuntimeException('licensed for another address, not for ' . __FILE__);
}
"""
SCRIPT = """<?php
require __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
unlink(__FILE__);
$failed = %s;
echo is_wp_error($failed) ? $failed->get_error_message() : 'done';
"""


def _put(path: str, text: str) -> None:
    script = f'mkdir -p "$(dirname {path})" && cat > {path}'
    done = run_in(SOURCE, "wordpress", ["sh", "-c", script], stdin=text.encode(), namespace="sources")
    assert done.returncode == 0, done.stderr.decode()


def _run(system: Installation, host: str, call: str) -> None:
    """Call a function of the source's WordPress."""
    _put("/var/www/html/e2e-run.php", SCRIPT % call)
    assert system.visitor.get(host, "/e2e-run.php").text == "done"


def _is_a_reason(item: dict[str, str]) -> None:
    assert "licensed for another address" in item["reason"]
    assert "/var/www" not in item["reason"]
    assert len(item["reason"].encode()) <= 300


@pytest.fixture(scope="module")
def dying_source(lab_env: dict[str, str]) -> Source:
    """A site with a plugin and a must-use plugin that die in a clone."""
    source = source_up(SOURCE, "small")
    _put(f"{CONTENT}/plugins/e2e-bound/main.php", DYING)
    _put(f"{CONTENT}/mu-plugins/e2e-bound.php", DYING)
    return source


def test_what_dies_in_a_clone_is_switched_off_and_named(
    system: Installation, customer: Callable[..., str], dying_source: Source
) -> None:
    host = urlsplit(dying_source.url).hostname or ""
    _run(system, host, "activate_plugin('e2e-bound/main.php')")
    expected = source_page(system.visitor, host)

    system.warm()
    clone = system.clone(customer("fatal", source=dying_source))
    clone = system.api.until_ready(clone["clone_id"])

    off = system.api.fidelity(clone["clone_id"])["plugins_off"]
    assert {item["plugin"] for item in off} == {"plugins/e2e-bound/main.php", "mu-plugins/e2e-bound.php"}
    for item in off:
        _is_a_reason(item)
    page = system.page(clone)
    assert page_faults(page.text, page.status_code, expected) == []
    _administrator_gets_in(system, clone, dying_source)


def test_a_theme_that_dies_in_a_clone_gives_way_to_a_default_one(
    system: Installation, customer: Callable[..., str], dying_source: Source
) -> None:
    host = urlsplit(dying_source.url).hostname or ""
    _put(f"{CONTENT}/themes/e2e-bold/style.css", "/*\nTheme Name: Bold\n*/")
    _put(f"{CONTENT}/themes/e2e-bold/index.php", "<h1>Bold</h1>")
    _put(f"{CONTENT}/themes/e2e-bold/functions.php", DYING)
    _run(system, host, "switch_theme('e2e-bold')")
    try:
        assert "<h1>Bold</h1>" in system.visitor.get(host).text
        system.warm()
        clone = system.clone(customer("theme", source=dying_source))
        clone = system.api.until_ready(clone["clone_id"])
    finally:
        _run(system, host, "switch_theme('twentytwentyfive')")

    [item] = [
        item
        for item in system.api.fidelity(clone["clone_id"])["plugins_off"]
        if item["plugin"].startswith("themes/")
    ]
    assert item["plugin"] == "themes/e2e-bold"
    _is_a_reason(item)
    page = system.page(clone)
    assert page.status_code == 200
    assert "<h1>Bold</h1>" not in page.text
    _administrator_gets_in(system, clone, dying_source)


def _administrator_gets_in(system: Installation, clone: dict[str, Any], source: Source) -> None:
    host = system.host(clone)
    faults = administrator_faults(system.visitor, host, source.admin_user, source.admin_password)
    assert faults == []
