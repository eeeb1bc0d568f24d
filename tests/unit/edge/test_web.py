"""The clone as a visitor reaches it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.adapters.web import IngressWeb

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ingress(ThreadingHTTPServer):
    seen: list[tuple[str, str | None, str | None]]
    tokens: list[str | None]
    status: int


@pytest.fixture
def ingress() -> Iterator[Ingress]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen.append((self.path, self.headers["Host"], self.headers["X-Forwarded-Proto"]))
            server.tokens.append(self.headers["X-Clone-Access"])
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = Ingress(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.seen, server.tokens, server.status = [], [], 200
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_the_ingress_is_asked_by_host_and_its_status_told(ingress: Ingress, status: int) -> None:
    ingress.status = status
    web = IngressWeb("clones.test", f"127.0.0.1:{ingress.server_port}")
    assert web.status("shop", "/wp-login.php") == status
    assert ingress.seen == [("/wp-login.php", "shop.clones.test", "https")]


def test_a_private_clones_token_goes_by_header_and_not_into_the_address(ingress: Ingress) -> None:
    web = IngressWeb("clones.test", f"127.0.0.1:{ingress.server_port}")
    web.status("shop", access_token="a" * 64)
    web.status("shop")
    assert ingress.tokens == ["a" * 64, None]
    assert {path for path, _, _ in ingress.seen} == {"/"}


def test_nobody_there_is_zero() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert IngressWeb("clones.test", f"127.0.0.1:{port}").status("shop") == 0


def test_silence_is_zero() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert IngressWeb("clones.test", address, read_seconds=0.05).status("shop") == 0


def test_a_page_without_an_end_is_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as endless:

        def serve() -> None:
            visitor, _ = endless.accept()
            with visitor, suppress(OSError):
                visitor.recv(4096)
                visitor.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    visitor.sendall(b"x" * 65536)
                    sent.append(65536)

        sent: list[int] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert IngressWeb("clones.test", f"127.0.0.1:{endless.getsockname()[1]}").status("shop") == 200
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert sum(sent) < 64 * 2**20


def test_a_host_that_dns_does_not_know_is_zero() -> None:
    assert IngressWeb("clones.invalid").status("shop") == 0
