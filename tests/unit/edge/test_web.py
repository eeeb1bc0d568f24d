"""The clone as a visitor reaches it."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.adapters.web import IngressWeb

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ingress(ThreadingHTTPServer):
    seen: list[tuple[str, str | None, str | None]]
    status: int


@pytest.fixture
def ingress() -> Iterator[Ingress]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen.append((self.path, self.headers["Host"], self.headers["X-Forwarded-Proto"]))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = Ingress(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.seen, server.status = [], 200
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


def test_nobody_there_is_zero() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert IngressWeb("clones.test", f"127.0.0.1:{port}").status("shop") == 0


def test_silence_is_zero() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert IngressWeb("clones.test", address, read_seconds=0.05).status("shop") == 0


def test_a_host_that_dns_does_not_know_is_zero() -> None:
    assert IngressWeb("clones.invalid").status("shop") == 0
