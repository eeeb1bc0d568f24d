"""What one customer leaves, the next does not find: a cycle of `make leak-test`, and who has old keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.leak import cycle, outside
from bench.leak import installation as leak
from bench.leak.search import PLACES
from tests.e2e.test_leases import back_in_the_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation, Source


def test_the_next_customer_finds_nothing_that_was_planted_and_seen_before(
    system: Installation, small_source: Source
) -> None:
    system.warm()
    source = leak.Source(small_source.url, small_source.key)
    tested = leak.Installation.of_environment(source)
    try:
        done = cycle.run(tested)
    finally:
        tested.release_all()
    assert done.outcome == "reset"
    assert [row.place for row in done.rows if not row.tried] == []
    assert [row.place for row in done.rows if row.found] == []
    names = {row.place for row in done.rows}
    assert names >= {place.name for place in PLACES}
    assert names >= {place.name for place in outside.PLACES if done.same_pod_again or not place.of_next}


def test_keys_of_the_lease_before_open_nothing_at_the_same_address(
    system: Installation, customer: Callable[..., str]
) -> None:
    """The same customer again: host, cookie names and tables are equal, only the lease is another."""
    system.warm()
    first = system.api.until_ready(system.clone(customer())["clone_id"])
    host = system.host(first)
    unused = _login_path(system, first)
    assert system.page(first, _login_path(system, first)).status_code == 303
    assert system.page(first, "/wp-admin/").status_code == 200
    session = dict(system.visitor.cookies[host])
    system.api.release(first["clone_id"])
    back_in_the_pool(system, first)

    second = system.api.until_ready(system.clone(first["customer_id"])["clone_id"])
    assert system.host(second) == host
    system.visitor.cookies[host] = dict(session)
    assert system.page(second).status_code == 403, "the old access token"
    system.visitor.admit(host, second)
    assert system.page(second).status_code == 200
    assert system.page(second, "/wp-admin/").status_code == 302, "the old session"
    assert system.page(second, unused).status_code == 403, "the old login link"
    assert system.page(second, "/wp-admin/").status_code == 302


def _login_path(system: Installation, clone: dict[str, Any]) -> str:
    link = urlsplit(system.api.login_link(clone["clone_id"])["url"])
    return f"{link.path}?{link.query}"
