"""Names, times, addresses and keys: what is taken, and what is refused with a word of help."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clonepool.domain.hosts import MAX_HOSTS, check_hosts
from clonepool.domain.jobkey import derive_job_key, parse_export_key
from clonepool.domain.leasekeys import lease_key, login_pass
from clonepool.domain.names import check_ttl, clone_id_of
from clonepool.domain.urls import check_source_url
from clonepool.errors import InvalidHosts, InvalidKey, InvalidName, InvalidTtl, InvalidUrl

LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda s: "--" not in s)


def test_a_clone_is_named_after_its_customer_and_its_name() -> None:
    assert clone_id_of("shop") == "shop"
    assert clone_id_of("shop", "summer-sale") == "shop--summer-sale"


@given(LABEL, LABEL, LABEL, LABEL)
def test_no_two_customers_can_make_the_same_clone_id(a: str, b: str, c: str, d: str) -> None:
    try:
        one, two = clone_id_of(a, b), clone_id_of(c, d)
    except InvalidName:
        return
    assert (one == two) == ((a, b) == (c, d))
    assert one not in (a, b, c, d)


@pytest.mark.parametrize(
    "customer",
    ["", "1shop", "-a", "a-", "A", "shöp", "a_b", "a.b", "a--b", "a" * 64, "www", "kubernetes", "xn", "a\n"],
)
def test_a_customer_id_that_is_no_label_or_is_reserved(customer: str) -> None:
    with pytest.raises(InvalidName):
        clone_id_of(customer)


@pytest.mark.parametrize("name", ["", "1", "a--b", "Ä", "-", "a" * 60])
def test_a_name_that_does_not_fit(name: str) -> None:
    with pytest.raises(InvalidName):
        clone_id_of("shop", name)


def test_the_whole_is_a_label_too() -> None:
    assert len(clone_id_of("a" * 30, "b" * 31)) == 63
    with pytest.raises(InvalidName):
        clone_id_of("a" * 30, "b" * 32)


@pytest.mark.parametrize("minutes", [1, 30, 1440])
def test_a_time_to_live_within_a_day(minutes: int) -> None:
    assert check_ttl(minutes) == minutes


@pytest.mark.parametrize("minutes", [0, -1, 1441, "abc", "30", 1.5, None, True])
def test_a_time_to_live_that_is_none(minutes: object) -> None:
    with pytest.raises(InvalidTtl):
        check_ttl(minutes)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Shop.Example.com/", "https://shop.example.com"),
        ("HTTP://shop.example.com:8080/Blog/", "http://shop.example.com:8080/Blog"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ],
)
def test_a_source_url_is_kept_in_one_spelling(given: str, kept: str) -> None:
    assert check_source_url(given) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example.com",
        "ftp://shop.example.com",
        "https://",
        "https:///path",
        "https://:443",
        "https://user:secret@shop.example.com",
        "https://shop.example.com:port",
        "https://shop.example.com:99999",
        "https://shop.example.com/?a=b",
        "https://shop.example.com/#x",
        "https://shop example.com",
        "https://shop.example.com\r\nHost: evil",
        "https://evil.com\\@shop.example.com",
        "https://[::1",
        "https://" + "a" * 2048 + ".com",
    ],
)
def test_a_source_url_that_is_none(url: str) -> None:
    with pytest.raises(InvalidUrl):
        check_source_url(url)


def test_the_job_key_is_the_one_of_the_protocol() -> None:
    """docs/protocol.md section 2; the plugin and the agent are tested against the same vector."""
    vector = dict(
        line.split(maxsplit=1)
        for line in Path("docs/protocol.md").read_text().splitlines()
        if line.strip().startswith(("key  ", "job_key  "))
    )
    key = parse_export_key(vector["key"])

    assert derive_job_key(key, "acme", 7, 1767229200) == vector["job_key"]


def test_a_job_key_opens_one_clone_one_generation_one_time() -> None:
    key = parse_export_key("cm1_0123456789abcdef_" + "A" * 43)
    keys = {
        derive_job_key(key, clone, generation, until)
        for clone in ("a", "b")
        for generation in (1, 2)
        for until in (1, 2)
    }
    assert len(keys) == 8


@pytest.mark.parametrize("key", ["", "secret", "cm1_0123_abc", "cm2_0123456789abcdef_" + "A" * 43])
def test_a_bad_key_is_never_repeated(key: str) -> None:
    with pytest.raises(InvalidKey) as raised:
        parse_export_key(key)
    assert not key or key not in raised.value.detail


def test_the_secret_is_not_in_the_repr() -> None:
    assert "AAAA" not in repr(parse_export_key("cm1_0123456789abcdef_" + "A" * 43))


def test_allowed_hosts_are_kept_once_and_in_lower_case() -> None:
    assert check_hosts(["API.example.com", "xn--bcher-kva.example", "api.example.com"]) == (
        "api.example.com",
        "xn--bcher-kva.example",
    )


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "kubernetes", "10.0.0.1", "::1", "169.254.169.254", "0x7f.1", "a.example.com:443",
     "*.example.com", "https://a.example.com", "a.example.com/x", "a..example.com", "-a.example.com",
     "bücher.example", "a.example.com\n", "shop.wordpress-staging.svc.cluster.local",
     "metadata.google.internal", "a." * 126 + "com"],
)  # fmt: skip
def test_only_public_names_may_be_allowed(host: str) -> None:
    with pytest.raises(InvalidHosts):
        check_hosts([host])


def test_twenty_hosts_and_no_more() -> None:
    hosts = [f"h{number}.example.com" for number in range(MAX_HOSTS + 1)]
    assert len(check_hosts(hosts[1:])) == MAX_HOSTS
    with pytest.raises(InvalidHosts):
        check_hosts(hosts)


def test_a_leases_keys_are_its_own_and_for_one_purpose() -> None:
    keys = {
        lease_key(secret, purpose, lease)
        for secret in ("one", "two")
        for purpose in ("access", "login")
        for lease in ("lease-1", "lease-2")
    }
    assert len(keys) == 8
    assert all(len(key) == 64 and key == key.lower() for key in keys)


def test_a_login_pass_is_signed_as_the_guard_reads_it() -> None:
    """The same values stand in tests/php/guard/GuardTest.php."""
    issued = login_pass("1" * 64, "shop", "0" * 32, now=1_767_225_600)
    assert issued.expires_at == 1_767_225_660
    signature = "9b423eb36a0e00290e399daa59670129e81e64921e11b74c71c6790df09c9dd8"
    assert issued.text == f"1767225660.{'0' * 32}.{signature}"
    assert issued.text not in repr(issued)
