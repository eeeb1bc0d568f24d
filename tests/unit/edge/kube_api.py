"""A small Kubernetes API in memory: enough of the real one's rules to test what depends on them.

Names are unique, uids and resource versions are given, JSON Patches are atomic and honour `test`, deletes
honour preconditions, lists honour label selectors. The contract suite runs on it and on a real cluster alike.
"""

from __future__ import annotations

import copy
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

type Json = dict[str, Any]

REASONS = {404: "NotFound", 409: "Conflict", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError"}


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason or REASONS.get(status, "")


@dataclass
class KubeApi:
    """Objects by path. `script` holds canned answers that are given first; `seen` all requests."""

    url: str = ""
    objects: dict[str, Json] = field(default_factory=dict)
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    version: int = 0

    def answer(self, method: str, target: str, body: Any) -> Json:
        """One request, atomically."""
        parts = urlsplit(target)
        with self.lock:
            match method:
                case "GET":
                    return self._get(parts.path, parse_qs(parts.query))
                case "POST":
                    return self._create(parts.path, body)
                case "PATCH":
                    return self._patch(parts.path, body)
                case _:
                    return self._delete(parts.path, body)

    def find(self, kind: str, name: str) -> Json | None:
        """The object of `kind` (as in paths: pods, secrets...) with this name."""
        return next((o for p, o in self.objects.items() if p.endswith(f"/{kind}/{name}")), None)

    def _get(self, path: str, query: dict[str, list[str]]) -> Json:
        if path in self.objects:
            return copy.deepcopy(self.objects[path])
        if "labelSelector" in query:
            terms = [term.partition("=") for term in query["labelSelector"][0].split(",")]
            found = [o for p, o in self.objects.items() if p.rpartition("/")[0] == path and _fits(o, terms)]
            return {"kind": "List", "metadata": {}, "items": copy.deepcopy(found)}
        raise Refusal(404)

    def _create(self, path: str, body: Json) -> Json:
        at = f"{path}/{body['metadata']['name']}"
        if at in self.objects:
            raise Refusal(409, "AlreadyExists")
        made = copy.deepcopy(body)
        made["metadata"] |= {"uid": str(uuid4()), "creationTimestamp": "2026-11-23T20:00:00Z"}
        return self._store(at, made)

    def _patch(self, path: str, operations: list[Json]) -> Json:
        if path not in self.objects:
            raise Refusal(404)
        changed = copy.deepcopy(self.objects[path])
        for operation in operations:
            _apply(changed, operation)
        return self._store(path, changed)

    def _delete(self, path: str, options: Json) -> Json:
        if path not in self.objects:
            raise Refusal(404)
        metadata = self.objects[path]["metadata"]
        wanted = options.get("preconditions", {})
        if any(metadata[key] != value for key, value in wanted.items()):
            raise Refusal(409)
        uid = self.objects.pop(path)["metadata"]["uid"]
        for other, found in list(self.objects.items()):
            if any(owner["uid"] == uid for owner in found["metadata"].get("ownerReferences", [])):
                self.objects.pop(other)
        return {"kind": "Status", "status": "Success"}

    def _store(self, path: str, made: Json) -> Json:
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        self.objects[path] = made
        return copy.deepcopy(made)


def _fits(found: Json, terms: list[tuple[str, str, str]]) -> bool:
    labels = found["metadata"].get("labels", {})
    return all(key in labels and (not sign or labels[key] == value) for key, sign, value in terms)


def _apply(document: Json, operation: Json) -> None:
    *parents, last = (
        step.replace("~1", "/").replace("~0", "~") for step in operation["path"].lstrip("/").split("/")
    )
    place: Any = document
    try:
        for step in parents:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if operation["op"] == "add":
            place[last] = operation["value"]
        elif operation["op"] == "remove":
            del place[last]
        elif place.get(last) != operation["value"]:
            raise Refusal(422)
    except (KeyError, IndexError) as error:
        raise Refusal(422) from error


@contextmanager
def serving() -> Iterator[KubeApi]:
    """A KubeApi behind a real HTTP server on a free port."""
    api = KubeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one segment: the second would wait for the client's delayed ACK

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            api.seen.append((self.command, self.path, dict(self.headers)))
            try:
                if api.script:
                    status, headers = api.script.pop(0)
                    if status:
                        return self.say(
                            status, {"kind": "Status", "reason": REASONS.get(status, "")}, headers
                        )
                self.say(200, api.answer(self.command, self.path, body), {})
            except Refusal as refusal:
                self.say(refusal.status, {"kind": "Status", "reason": refusal.reason, "message": "no"}, {})

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def say(self, status: int, answer: Json, headers: dict[str, str]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
