"""A network of sites (multisite): every site of it is there under the clone's one host (case 18)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from lab.demo.inspect import administrator_faults, page_faults, source_page
from lab.trials.contents import End
from tests.e2e.conftest import source_up
from tests.e2e.trials import OWN_ROWS, attempt, customer_of, faults_of, option_faults

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation, Source

SITES = {1: "", 2: "/news", 3: "/shop"}
"""As lab/source/generator/Network.php makes them."""
# Also of other sites than the main one; and names of hosts, which become the clone's. Looked at apart.
OWN = {
    **dict.fromkeys((f"{number}_options" for number in SITES if number > 1), OWN_ROWS["options"]),
    **dict.fromkeys(("blogs", "site", "sitemeta"), "TRUE"),
    "usermeta": f"{OWN_ROWS['usermeta']} OR meta_key = 'source_domain'",
}
PLACES = """
SELECT blog_id, domain, path FROM wp_blogs ORDER BY blog_id;
SELECT * FROM wp_site;
SELECT meta_value FROM wp_sitemeta WHERE meta_key = 'siteurl';
SELECT user_id, meta_value FROM wp_usermeta WHERE meta_key = 'source_domain';
"""
ADDRESSES = " UNION ALL ".join(
    f"SELECT 'wp_{site}{table}' FROM wp_{site}{table} WHERE INSTR({column}, '/{{host}}')"  # noqa: S608
    for site in ("", "2_", "3_")
    for table, column in (("options", "option_value"), ("posts", "post_content"), ("postmeta", "meta_value"))
)


@pytest.fixture(scope="module")
def network(lab_env: dict[str, str]) -> Source:
    """A network with its sites in folders."""
    return source_up("e2e-network", "small", "--network", "folders")


@pytest.fixture
def clone(system: Installation, network: Source) -> dict[str, Any]:
    """A complete clone of the network."""
    system.warm()
    outcome = attempt(system, customer_of(system, network))
    assert outcome.code is None, outcome.detail
    return outcome.clone


def test_every_site_of_a_network_is_there_under_the_clones_host(
    system: Installation, network: Source, clone: dict[str, Any]
) -> None:
    source_host = urlsplit(network.url).hostname or ""
    host = system.host(clone)
    for folder in SITES.values():
        expected = source_page(system.visitor, source_host, f"{folder}/")
        page = system.page(clone, f"{folder}/")
        assert page_faults(page.text, page.status_code, expected) == [], folder
        posts = re.findall(rf'href="https://{host}({folder}/[^"]*post-\d+/)"', page.text)
        post = system.page(clone, posts[0])
        assert (post.status_code, source_host in post.text) == (200, False)
        user, password = network.admin_user, network.admin_password
        assert administrator_faults(system.visitor, host, user, password, folder) == [], folder
    assert system.page(clone, "/wp-admin/network/sites.php").status_code == 200


def test_a_network_arrives_whole_and_names_its_source_nowhere(network: Source, clone: dict[str, Any]) -> None:
    assert faults_of(network, clone, without=OWN) == []
    for number in SITES:
        prefix = f"wp_{number}_" if number > 1 else "wp_"
        assert option_faults(network, clone, prefix) == []
    here, there = End.clone(clone["pod_name"]), End.source(network.name)
    host, source_host = (urlsplit(url).hostname or "" for url in (clone["public_url"], network.url))
    places = there.sql(PLACES).replace(network.url, clone["public_url"]).replace(source_host, host)
    assert here.sql(PLACES) == places
    assert here.sql("SELECT blog_id FROM wp_blogs WHERE public") == ""
    assert here.sql(ADDRESSES.format(host=source_host)) == ""
    assert "wp_3_posts" in here.sql(ADDRESSES.format(host=host))
