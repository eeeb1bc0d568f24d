"""A site brought along as dump and wp-content, under its https address: README, "Clone your own site"."""

from __future__ import annotations

import socket
import ssl
import tarfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from lab.cluster import net, pki
from lab.demo.inspect import administrator_faults, page_faults, source_page, traces
from lab.kubectl import Kubectl
from lab.lab import Lab
from lab.paths import CHECKOUT
from lab.source.manifests import NAMESPACE as SOURCES
from lab.trials.contents import End, addresses
from tests.e2e.conftest import source_started, source_up
from tests.e2e.trials import customer_of, faults_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Installation, Source

URL = "https://www.own-site.example"
# The generated site's address is as long, so that the dump needs no other change where PHP has counted bytes;
# and a name as long gives a customer whose clone's address is as long, too: faults_of compares byte by byte.
GENERATED, BROUGHT = "own-site", "own-copy"
DUMP = (CHECKOUT / "bench" / "old_flow" / "dump.sh").read_text()
CONTENT = ["tar", "-C", "/var/www/html/wp-content", "-c", "--exclude=./plugins/custom-migrator", "."]


@pytest.fixture(scope="module")
def own_site(lab_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Source:
    """What its owner has, of a site that runs elsewhere; nothing else of it is there any more."""
    folder = tmp_path_factory.mktemp("own")
    _save(source_up(GENERATED, "small"), folder)
    Kubectl(SOURCES).remove(f"source={GENERATED}")
    brought = ("--dump", str(folder / "site.sql"), "--content", str(folder / "wp-content"), "--site-url", URL)
    return source_started(BROUGHT, *brought)


def _save(source: Source, folder: Path) -> None:
    with (folder / "dump.sql").open("wb") as dump:
        Kubectl(SOURCES).execute(source.name, "mysql", ["sh", "-c", DUMP], stdout=dump)
    text = (folder / "dump.sql").read_bytes()
    for there, here in addresses(source.url, URL).items():
        text = text.replace(_dumped(there), _dumped(here))
    (folder / "site.sql").write_bytes(text)
    with (folder / "content.tar").open("wb") as archive:
        Kubectl(SOURCES).execute(source.name, "wordpress", CONTENT, stdout=archive)
    with tarfile.open(folder / "content.tar") as archive_read:
        archive_read.extractall(folder / "wp-content", filter="data")


def _dumped(text: str) -> bytes:
    """As mysqldump writes it."""
    return text.replace("\\", r"\\").encode()


def test_an_own_site_under_https_becomes_a_clone_that_is_whole(
    system: Installation, own_site: Source
) -> None:
    assert own_site.url == URL
    host = urlsplit(URL).hostname or ""
    expected = source_page(system.visitor, host)
    assert expected.title.startswith(f"{GENERATED} (small)")

    system.warm()
    clone = system.clone(customer_of(system, own_site))
    clone = system.api.until_complete(clone["clone_id"])

    page = system.page(clone)
    assert page_faults(page.text, page.status_code, expected) == []
    assert faults_of(own_site, clone) == []
    assert _left_of(host, clone["pod_name"]) == []
    user, password = own_site.admin_user, own_site.admin_password  # whose visit writes into the clone
    assert administrator_faults(system.visitor, system.host(clone), user, password) == []


def _left_of(host: str, pod_name: str) -> list[str]:
    """Where the source's address is; but for posts' guids, which stay what they are wherever a site moves."""
    end = End.clone(pod_name)
    files = [place for place in traces(pod_name, [host]) if place.startswith("wordpress:")]
    end.sql("UPDATE wp_posts SET guid = ''")
    rows = end.run("mysql", ["sh", "-c", DUMP]).splitlines()
    return files + [row[:300] for row in rows if host in row]


def test_its_certificate_is_its_own_and_of_no_authority_that_a_machine_trusts(own_site: Source) -> None:
    """The clone above has verified it, so its pod knows the lab's authority, and nobody else does."""
    host = urlsplit(own_site.url).hostname
    lab_only = ssl.create_default_context(cafile=str(Lab.here().paths.pki / f"{pki.WEB_CA}.crt"))
    with socket.create_connection((net.NODE_IP, 443), timeout=10) as plain:
        lab_only.wrap_socket(plain, server_hostname=host).close()
    with socket.create_connection((net.NODE_IP, 443), timeout=10) as plain, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(plain, server_hostname=host)
