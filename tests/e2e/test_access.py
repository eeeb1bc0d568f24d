"""Who gets into a clone: by its token, or once by a login link. Everybody else sees nothing of the site."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from lab.client import ACCESS_COOKIE, ApiProblem, Visitor, title_of
from lab.demo.inspect import administrator_faults, source_page
from lab.kubectl import Kubectl
from tests.e2e.hostile import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source

PATHS = (
    "/", "/wp-login.php", "/wp-admin/", "/xmlrpc.php", "/wp-json/", "/?rest_route=/", "/robots.txt",
    "/readme.html", "/wp-includes/version.php", "/wp-content/uploads/secret.txt", "/wp-cron.php",
    "/no-such-page", "/.clone/../wp-login.php", "/.clone/access/../../readme.html", "/.clone/closed",
    "/clone-health.txt/../readme.html",
)  # fmt: skip
HOSTILE_LOGIN = """<?php
add_filter('authenticate', fn() => new WP_Error('no', 'second factor missing'), PHP_INT_MAX);
add_action('login_init', function () { status_header(404); exit; });
add_action('wp_login', function () { wp_clear_auth_cookie(); wp_die('locked'); });
add_filter('send_auth_cookies', '__return_false', 1);
"""


def _stranger(system: Installation) -> Visitor:
    return replace(system.visitor, cookies={})


def _ready(system: Installation, customer_id: str, **options: Any) -> dict[str, Any]:
    return system.api.until_ready(system.clone(customer_id, **options)["clone_id"])


def _with(system: Installation, clone: dict[str, Any], path: str = "/", **headers: str) -> requests.Response:
    url = f"http://{system.visitor.ingress}{path}"
    return requests.get(
        url, headers={"Host": system.host(clone), **headers}, timeout=15, allow_redirects=False
    )


def _open(visitor: Visitor, url: str) -> requests.Response:
    parts = urlsplit(url)
    return visitor.get(parts.hostname or "", f"{parts.path}?{parts.query}")


def test_a_private_clone_opens_by_its_link_and_by_nothing_else(
    system: Installation, customer: Callable[..., str], small_source: Source
) -> None:
    title = source_page(system.visitor, urlsplit(small_source.url).hostname or "").title
    system.warm()
    clone = _ready(system, customer())
    put(clone, "wp-content/uploads/secret.txt", "what a customer has uploaded")
    put(clone, "wp-content/uploads/.htaccess", "Require all granted\nSatisfy any\n")
    put(clone, ".htaccess", "Require all granted\nErrorDocument 403 /readme.html\n")
    stranger = _stranger(system)
    for path in PATHS:
        page = stranger.get(system.host(clone), path)
        assert page.status_code in {403, 404}, path
        assert title_of(page.text) != title
        assert "WordPress" not in page.text
        assert "set-cookie" not in page.headers
    assert "access_url" in stranger.get(system.host(clone)).text

    entered = _open(stranger, clone["access_url"])
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    assert entered.headers["Referrer-Policy"] == "no-referrer"
    cookie = entered.headers["Set-Cookie"]
    assert all(f"; {word}" in cookie for word in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"))
    assert "Domain" not in cookie
    page = stranger.get(system.host(clone))
    assert page.status_code == 200
    assert title_of(page.text) == title
    assert stranger.get(system.host(clone), "/wp-content/uploads/secret.txt").status_code == 200
    assert ACCESS_COOKIE not in page.text


def test_a_service_shows_the_token_by_header_and_a_wrong_one_is_worth_nothing(
    system: Installation, customer: Callable[..., str]
) -> None:
    system.warm(2)
    clone, other = _ready(system, customer()), _ready(system, customer())
    token, others = (one["access_url"].partition("token=")[2] for one in (clone, other))
    assert _with(system, clone, **{"X-Clone-Access": token}).status_code == 200
    for wrong in (others, token[:-1], token.upper(), "", "public", secrets.token_hex(32)):
        assert _with(system, clone, **{"X-Clone-Access": wrong}).status_code == 403
        assert _with(system, clone, Cookie=f"{ACCESS_COOKIE}={wrong}").status_code == 403
        door = _with(system, clone, f"/.clone/access?token={wrong}")
        assert (door.status_code, "Set-Cookie" in door.headers) == (403, False)
    said = Kubectl().logs(clone["pod_name"], "wordpress")
    assert "GET /.clone/access" in said
    assert others not in said
    assert token not in said


def test_whoever_enters_is_not_led_elsewhere(system: Installation, customer: Callable[..., str]) -> None:
    system.warm()
    clone = _ready(system, customer())
    for to in ("//evil.test/", "https://evil.test/", "/\\evil.test", "/%0d%0aSet-Cookie:x=y", "javascript:x"):
        entered = _open(_stranger(system), f"{clone['access_url']}&to={to}")
        assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    entered = _open(_stranger(system), f"{clone['access_url']}&to=/wp-login.php")
    assert entered.headers["Location"] == "/wp-login.php"


def test_a_public_clone_is_open(system: Installation, customer: Callable[..., str]) -> None:
    system.warm()
    clone = _ready(system, customer(), access="public")
    assert "access_url" not in clone
    assert _stranger(system).get(system.host(clone)).status_code == 200


def test_a_login_link_lets_an_administrator_in_once(
    system: Installation, customer: Callable[..., str], small_source: Source
) -> None:
    system.warm(2)
    clone, other = _ready(system, customer()), _ready(system, customer())
    url, elsewhere = (system.api.login_link(one["clone_id"])["url"] for one in (clone, other))
    until, nonce, signature = url.partition("pass=")[2].split(".")
    start = url.partition("pass=")[0] + "pass="
    for forged in (
        start + elsewhere.partition("pass=")[2],
        f"{start}{int(until) + 60}.{nonce}.{signature}",
        f"{start}{until}.{secrets.token_hex(16)}.{signature}",
        f"{start}{until}.{nonce}.{signature[:-1]}0",
        f"{start}{until}.{nonce}.",
        start,
    ):
        if forged != url:
            refused = _open(_stranger(system), forged)
            assert (refused.status_code, "Set-Cookie" in refused.headers) == (403, False), forged

    parts = urlsplit(url)
    link = f"http://{system.visitor.ingress}{parts.path}?{parts.query}"
    looked = requests.head(link, headers={"Host": parts.netloc}, timeout=15)
    assert looked.status_code == 403
    visitor = _stranger(system)
    entered = _open(visitor, url)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/wp-admin/")
    dashboard = visitor.get(system.host(clone), "/wp-admin/")
    assert dashboard.status_code == 200
    assert "wp-admin-bar" in dashboard.text
    assert visitor.get(system.host(clone), "/wp-admin/users.php").status_code == 200

    again = _open(_stranger(system), url)
    assert (again.status_code, "Set-Cookie" in again.headers) == (403, False)
    assert nonce not in Kubectl().logs(clone["pod_name"], "wordpress")
    user, password = small_source.admin_user, small_source.admin_password
    assert administrator_faults(system.visitor, system.host(clone), user, password) == []


def test_plugins_that_guard_the_login_do_not_stop_a_login_link(
    system: Installation, customer: Callable[..., str], small_source: Source
) -> None:
    system.warm()
    clone = _ready(system, customer())
    put(clone, "wp-content/mu-plugins/two-factor.php", HOSTILE_LOGIN)
    user, password = small_source.admin_user, small_source.admin_password
    assert administrator_faults(system.visitor, system.host(clone), user, password) != []
    visitor = _stranger(system)
    assert _open(visitor, system.api.login_link(clone["clone_id"])["url"]).status_code == 303
    assert "wp-admin-bar" in visitor.get(system.host(clone), "/wp-admin/").text


def test_there_is_no_login_link_before_the_clone_is_ready(
    system: Installation, customer: Callable[..., str], medium_source: Source
) -> None:
    system.warm()
    clone = system.clone(customer(source=medium_source))
    with pytest.raises(ApiProblem) as early:
        system.api.login_link(clone["clone_id"])
    assert (early.value.status, early.value.code) == (409, "not_ready")
