"""A small client of the export protocol (docs/protocol.md), independent of the agent's own.

It keeps whole answers in memory: for tests and measurements only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x89CMA1\r\n\x1a\n"
MAC_BYTES = 32


class ProtocolError(Exception):
    """The answer is not one of the protocol, or it is cut or altered."""


class SourceError(Exception):
    """The source ended its answer with an error; `code` is one of the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Job:
    """What a client may do, derived from an export key as clone_worker does."""

    key_id: str
    key: bytes
    header: str

    @classmethod
    def derive(cls, export_key: str, clone_id: str, generation: int, expires_at: int) -> Job:
        """Make the job key of one import from the export key ("cm1_<id>_<secret>")."""
        _, key_id, secret = export_key.split("_", 2)
        text = f"custom-migrator-job-v1\n{key_id}\n{clone_id}\n{generation}\n{expires_at}"
        key = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
        return cls(key_id, key, f"{clone_id}.{generation}.{expires_at}")

    def headers(self, endpoint: str, body: bytes, nonce: str, at: int) -> dict[str, str]:
        """Sign a POST without a query; `at` is the time in epoch seconds."""
        digest = hashlib.sha256(body).hexdigest()
        text = f"custom-migrator-request-v1\nPOST\n{endpoint}\n\n{digest}\n{at}\n{nonce}"
        return {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "X-CM-Key": self.key_id,
            "X-CM-Job": self.header,
            "X-CM-Time": str(at),
            "X-CM-Nonce": nonce,
            "X-CM-Signature": hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest(),
        }


@dataclass
class Answer:
    """The confirmed part of one answer."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    checkpoints: int = 0
    end: dict[str, Any] = field(default_factory=dict)


def decode(body: bytes, job_key: bytes, nonce: str, endpoint: str) -> Answer:
    """Check and take apart an answer.

    Raises:
        ProtocolError: no magic, a wrong MAC, or no end.
        SourceError: the end says so.
    """
    at = body.find(MAGIC, 0, 65536)
    if at < 0:
        raise ProtocolError(f"no magic: {body[:200]!r}")
    mac = hmac.new(job_key, f"custom-migrator-answer-v1\n{nonce}\n{endpoint}\n".encode(), hashlib.sha256)
    answer = Answer()
    for kind, payload in _frames(body, at + len(MAGIC)):
        signed = payload[MAC_BYTES:] if kind in "CE" else payload
        mac.update(hashlib.sha256(kind.encode() + signed).digest())
        if kind in "CE" and not hmac.compare_digest(mac.digest(), payload[:MAC_BYTES]):
            raise ProtocolError("wrong MAC")
        if _take(answer, kind, signed):
            return answer
    raise ProtocolError("cut")


def _frames(body: bytes, at: int) -> Iterator[tuple[str, bytes]]:
    while at + 5 <= len(body):
        length = int.from_bytes(body[at + 1 : at + 5], "big")
        if at + 5 + length > len(body):
            raise ProtocolError("cut")
        yield chr(body[at]), body[at + 5 : at + 5 + length]
        at += 5 + length


def _take(answer: Answer, kind: str, payload: bytes) -> bool:
    if kind == "J":
        answer.documents.append(json.loads(payload))
    elif kind == "D":
        answer.data.append(payload)
    elif kind == "C":
        answer.checkpoints += 1
    elif kind == "E":
        answer.end = json.loads(payload)
        if "error" in answer.end:
            raise SourceError(answer.end["error"]["code"], answer.end["error"]["message"])
        return True
    elif kind != "K":
        raise ProtocolError(f"unknown frame {kind!r}")
    return False


class Client:
    """Asks one source. `spelling` is "rest", "plain" or "query"."""

    def __init__(self, site: str, job: Job, spelling: str = "rest") -> None:
        """Take the site's address without a slash at the end."""
        self.site = urlsplit(site)
        self.job = job
        self.spelling = spelling

    def post(self, endpoint: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a request as it is; returns status and body (what has come of it, if the connection broke)."""
        connection = http.client.HTTPConnection(self.site.netloc, timeout=60)
        connection.request("POST", self._path(endpoint), body, headers)
        response = connection.getresponse()
        try:
            return response.status, response.read()
        except http.client.IncompleteRead as cut:
            return response.status, cut.partial
        finally:
            connection.close()

    def call(self, endpoint: str, **params: Any) -> Answer:
        """One request and its checked answer."""
        body = json.dumps(params).encode() if params else b"{}"
        nonce = secrets.token_hex(16)
        status, raw = self.post(endpoint, body, self.job.headers(endpoint, body, nonce, int(time.time())))
        if status != http.client.OK:
            raise ProtocolError(f"status {status}")
        return decode(raw, self.job.key, nonce, endpoint)

    def all(self, endpoint: str, **params: Any) -> Iterator[Answer]:
        """Requests until the source says complete."""
        while True:
            answer = self.call(endpoint, **params)
            yield answer
            if answer.end["complete"]:
                return
            params["cursor"] = answer.end["cursor"]

    def _path(self, endpoint: str) -> str:
        route = f"/custom-migrator/v1/{endpoint}"
        paths = {
            "rest": f"/wp-json{route}",
            "plain": f"/?rest_route={route}",
            "query": f"/?custom_migrator={endpoint}",
        }
        return self.site.path + paths[self.spelling]


def uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned LEB128; returns the value and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


@dataclass(frozen=True)
class LargeCell:
    """A cell that is not in its row."""

    length: int
    token: str


Cell = bytes | LargeCell | None


def rows(answer: Answer) -> Iterator[list[Cell]]:
    """The rows of a `rows` answer."""
    width = len(answer.documents[0]["columns"])
    for data in answer.data:
        at = 0
        while at < len(data):
            row: list[Cell] = []
            for _ in range(width):
                cell, at = _cell(data, at)
                row.append(cell)
            yield row


def _cell(data: bytes, at: int) -> tuple[Cell, int]:
    size, at = uvarint(data, at)
    if size == 0:
        return None, at
    if size == 1:
        length, at = uvarint(data, at)
        size, at = uvarint(data, at)
        return LargeCell(length, data[at : at + size].decode()), at + size
    return data[at : at + size - 2], at + size - 2


@dataclass(frozen=True)
class Record:
    """One record of a `files` answer; texts are bytes, numbers int, in the order of the protocol."""

    kind: str
    fields: tuple[bytes | int, ...]


FIELDS = {"d": "tn", "f": "tnnnn", "b": "t", "z": "nn", "l": "tt", "s": "tt", "h": "tnnnt"}


def records(answer: Answer) -> Iterator[Record]:
    """The records of a `files` answer."""
    for data in answer.data:
        at = 0
        while at < len(data):
            kind = chr(data[at])
            at += 1
            fields: list[bytes | int] = []
            for form in FIELDS[kind]:
                number, at = uvarint(data, at)
                if form == "t":
                    fields.append(data[at : at + number])
                    at += number
                else:
                    fields.append(number)
            yield Record(kind, tuple(fields))


def cursor_bytes(cursor: str) -> bytes:
    """What is in a cursor; for looking at, a client has no business with it."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
