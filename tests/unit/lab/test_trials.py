"""What the trials of the import stand on: a proxy that fails as told, and answers with the right MAC."""

from __future__ import annotations

import io
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from lab.trials import protocol
from lab.trials.contents import addresses, differences
from lab.trials.protocol import Answer, ExportKey
from lab.trials.proxy import Fault, Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
SENT = bytes(range(256)) * 1000
# docs/protocol.md, sections 2 and 8
KEY = ExportKey("0123456789abcdef", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
JOB_KEY = "498b4a730b737954252060e424bfd632a81ed9e298a0c9e539741ee9707fdda1"
NONCE = "000102030405060708090a0b0c0d0e0f"
ANSWER = """
    89434d41310d0a1a0a4a000000197b22636f6c756d6e73223a5b226964222c226e6f7465225d7d440000000803310468
    69033200430000003a9f56370c21169754f506487b8257d5cedebf191963cab43780755b5e7b52e0667b22637572736f
    72223a22577a4a64222c22726f7773223a327d4b0000000045000000484cc944eaa55bb19856e2c9f61aea8fcb6769f9
    dde9b74b63a1fc48e06b889abd7b22636f6d706c657465223a747275652c22637572736f72223a6e756c6c2c22726f77
    73223a327d"""


def test_a_job_key_follows_from_the_export_key() -> None:
    assert KEY.job_key("acme.7.1767229200").hex() == JOB_KEY


def test_an_answer_is_that_of_the_protocols_test_vector() -> None:
    out = io.BytesIO()
    answer = Answer(out, bytes.fromhex(JOB_KEY), NONCE, "rows")
    answer.json({"columns": ["id", "note"]})
    answer.data(protocol.row("1", "hi") + protocol.row("2", None))
    answer.signed(b"C", {"cursor": "WzJd", "rows": 2})
    answer.frame(b"K", b"")
    answer.end(rows=2)
    assert out.getvalue().hex() == "".join(ANSWER.split())


@pytest.mark.parametrize(("value", "wanted"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02")])
def test_numbers_are_unsigned_leb128(value: int, wanted: str) -> None:
    assert protocol.num(value).hex() == wanted


@pytest.fixture
def source() -> Iterator[tuple[str, int]]:
    """Sends the same to whoever connects, and ends."""
    listener = socket.create_server((HERE, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(SENT)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def received(proxy: Proxy) -> bytes:
    """All that comes until the end, or until the connection breaks."""
    got = b""
    with socket.create_connection((HERE, proxy.port)) as connection:
        try:
            while chunk := connection.recv(65_536):
                got += chunk
        except ConnectionResetError:
            pass
    return got


def test_a_proxy_without_faults_passes_everything(source: tuple[str, int]) -> None:
    with Proxy(source, listen=HERE) as proxy:
        assert received(proxy) == SENT
        assert (proxy.sent, proxy.connections, proxy.suffered) == (len(SENT), 1, [])


def test_a_cut_ends_what_came_before_it_and_the_next_connection_goes_on(source: tuple[str, int]) -> None:
    cuts = [Fault(1_000), Fault(50_000)]
    with Proxy(source, cuts, listen=HERE) as proxy:
        first, second, third = received(proxy), received(proxy), received(proxy)
        assert proxy.suffered == cuts
    assert (SENT.startswith(first), len(first) <= 1_000) == (True, True)
    assert (SENT.startswith(second), len(second) <= 49_000) == (True, True)
    assert third == SENT


def test_an_altered_byte_is_that_one_alone(source: tuple[str, int]) -> None:
    with Proxy(source, [Fault(70_000, "garble")], listen=HERE) as proxy:
        got = received(proxy)
    assert [at for at, (a, b) in enumerate(zip(SENT, got, strict=True)) if a != b] == [70_000]


def test_a_stall_and_a_slow_line_lose_nothing(source: tuple[str, int]) -> None:
    with Proxy(source, [Fault(9, "stall", seconds=0.01)], bytes_per_second=10**8, listen=HERE) as proxy:
        assert received(proxy) == SENT
        assert len(proxy.suffered) == 1


def test_addresses_of_the_same_length_can_be_replaced_back() -> None:
    found = addresses("https://abcd.clones.test", "http://shop.sources.test")
    assert found["https://abcd.clones.test"] == "http://shop.sources.test"
    assert found[r"https:\/\/abcd.clones.test"] == r"http:\/\/shop.sources.test"
    assert found["https%3A%2F%2Fabcd.clones.test"] == "http%3A%2F%2Fshop.sources.test"
    assert all(len(clone) == len(source) for clone, source in found.items())


def test_differences_are_named() -> None:
    said = differences({"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 4, "d": 5})
    assert said == ["a is missing", "c is 4, not 3", "d is extra"]
