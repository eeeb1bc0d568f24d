"""Names to addresses, against a name server of the test's own."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.resolver import NameserverResolver, SystemResolver
from clonepool.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A, AAAA, CNAME = 1, 28, 5


def answer(query: bytes, records: list[tuple[int, bytes]], code: int = 0) -> bytes:
    """The question again, then records that point to its name."""
    head = struct.pack("!HHHHHH", struct.unpack_from("!H", query)[0], 0x8180 | code, 1, len(records), 0, 0)
    tail = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 5, len(data)) + data for kind, data in records
    )
    return head + query[12:] + tail


@contextmanager
def name_server(say: Callable[[bytes, int], list[bytes]]) -> Iterator[int]:
    """Answers each query with what `say` makes of it and its type; yields the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def serve() -> None:
            while True:
                query, client = server.recvfrom(4096)
                if not query:
                    return
                for message in say(query, struct.unpack_from("!H", query, len(query) - 4)[0]):
                    server.sendto(message, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def test_both_kinds_of_addresses_are_found_behind_an_alias() -> None:
    found = {A: ip_address("93.184.215.14").packed, AAAA: ip_address("2606:2800:21f::1").packed}

    def say(query: bytes, kind: int) -> list[bytes]:
        return [answer(query, [(CNAME, b"\x03www\xc0\x0c"), (kind, found[kind])])]

    with name_server(say) as port:
        resolver = NameserverResolver("127.0.0.1", port)
        assert resolver.addresses("shop.example.com") == ["93.184.215.14", "2606:2800:21f::1"]


@pytest.mark.parametrize("code", [0, 3])
def test_a_name_without_an_address_is_not_found(code: int) -> None:
    with name_server(lambda query, _: [answer(query, [], code)]) as port, pytest.raises(NotFound):
        NameserverResolver("127.0.0.1", port).addresses("nowhere.example.com")


def test_a_server_that_fails_or_says_nothing_is_asked_again_and_then_given_up() -> None:
    asked = []

    def say(query: bytes, _: int) -> list[bytes]:
        asked.append(query)
        return [answer(query, [], code=2)] if len(asked) == 1 else []

    with name_server(say) as port, pytest.raises(NotFound, match="does not answer"):
        NameserverResolver("127.0.0.1", port, wait_seconds=0.05).addresses("shop.example.com")
    assert len(asked) == 3


@pytest.mark.parametrize("garbage", [b"\0", b"\0" * 12, b"\xff" * 40])
def test_what_is_no_answer_to_the_question_is_not_believed(garbage: bytes) -> None:
    with name_server(lambda *_: [garbage]) as port, pytest.raises(NotFound):
        NameserverResolver("127.0.0.1", port, wait_seconds=0.05).addresses("shop.example.com")


def test_the_system_knows_itself() -> None:
    assert "127.0.0.1" in SystemResolver().addresses("localhost")
    with pytest.raises(NotFound):
        SystemResolver().addresses("nowhere.invalid")
