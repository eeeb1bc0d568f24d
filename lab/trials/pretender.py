"""An HTTP server that takes itself for a source: a sound small one, but for what a trial replaces."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from lab.cluster import net
from lab.trials import protocol
from lab.trials.protocol import Answer, ExportKey

OPTIONS = {
    "name": "wp_options",
    "type": "table",
    "engine": "InnoDB",
    "rows": 1,
    "bytes": 16384,
    "charset": "utf8mb4",
    "collation": "utf8mb4_unicode_ci",
    "create": "CREATE TABLE `wp_options` (`option_id` bigint unsigned NOT NULL AUTO_INCREMENT,"
    " `option_name` varchar(191) NOT NULL, `option_value` longtext NOT NULL,"
    " `autoload` varchar(20) NOT NULL, PRIMARY KEY (`option_id`))",
    "key": ["option_id"],
    "row_filter": "options",
    "columns": [
        {"name": "option_id", "type": "bigint unsigned", "data_type": "bigint", "kind": "number"},
        {"name": "option_name", "type": "varchar(191)", "data_type": "varchar", "kind": "text"},
        {"name": "option_value", "type": "longtext", "data_type": "longtext", "kind": "text"},
        {"name": "autoload", "type": "varchar(20)", "data_type": "varchar", "kind": "text"},
    ],
    "triggers": [],
}
"""The definition of a table, as `tables` sends it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the agent."""

    handler: BaseHTTPRequestHandler
    endpoint: str
    body: dict[str, Any]
    job_key: bytes

    def answer(self) -> Answer:
        """Begin an answer of the protocol."""
        self.status(200, {"Content-Type": "application/octet-stream"})
        nonce = self.handler.headers["X-CM-Nonce"]
        return Answer(self.handler.wfile, self.job_key, nonce, self.endpoint)  # type: ignore[arg-type]

    def status(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Begin any other answer."""
        self.handler.send_response(code)
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(body)


Act = Callable[[Request], None]


@dataclass
class Pretender:
    """Serves until it is closed, which a `with` statement does.

    Attributes:
        acts: what answers an endpoint, by its name; "*" answers everything. The others answer soundly.
        facts: replace parts of preflight.
        asked: endpoints in the order of the requests.
        host: the name in the source's address; any that resolves to the node, which is where it listens.
    """

    acts: dict[str, Act] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    host: str = net.NODE_IP
    key: ExportKey = field(default_factory=ExportKey.fresh)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer((net.NODE_IP, 0), _handler(self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://{self.host}:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        """Serves already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, request: Request) -> None:
        """Answer one request."""
        self.asked.append(request.endpoint)
        act = self.acts.get("*") or self.acts.get(request.endpoint) or getattr(self, f"_{request.endpoint}")
        act(request)

    def preflight(self) -> dict[str, Any]:
        """What a sound source says of itself, and the trial's own facts."""
        return {
            "protocol": 1,
            "plugin_version": "1.0.0",
            "site": {"home": self.url, "siteurl": self.url, "multisite": False},
            "paths": {"abspath": "/srv/www/"},
            "urls": {"content": f"{self.url}/wp-content"},
            "versions": {"wordpress": "6.8", "php": "8.4", "server": "mysql", "database": "8.4.3"},
            "database": {"prefix": "wp_", "charset": "utf8mb4"},
            "bytes_estimate": 16384,
            "roots": [{"name": "content", "target": "wp-content"}],
            "files": {"complete": True, "count": 0, "bytes": 0, "by_root": {}},
            **self.facts,
        }

    def _preflight(self, request: Request) -> None:
        answer = request.answer()
        answer.json(self.preflight())
        answer.end()

    def _tables(self, request: Request) -> None:
        answer = request.answer()
        answer.json(OPTIONS)
        answer.end()

    def _rows(self, request: Request) -> None:
        answer = request.answer()
        columns: list[dict[str, str]] = OPTIONS["columns"]  # type: ignore[assignment]
        names, kinds = ([column[what] for column in columns] for what in ("name", "kind"))
        answer.json({"table": "wp_options", "columns": names, "kinds": kinds, "key": ["option_id"]})
        answer.data(protocol.row("1", "siteurl", self.url, "yes"))
        answer.end(rows=1)

    def _files(self, request: Request) -> None:
        request.answer().end()


def _handler(pretender: Pretender) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            named = parse_qs(parts.query).get("custom_migrator", [parts.path.rpartition("/")[2]])
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
            job_key = pretender.key.job_key(self.headers.get("X-CM-Job", "none.0.0"))
            with contextlib.suppress(OSError):  # the agent has heard enough
                pretender.serve(Request(self, named[0], body, job_key))

        def do_GET(self) -> None:
            pretender.asked.append("GET")
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
