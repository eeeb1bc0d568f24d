"""The source's end of the export protocol (docs/protocol.md), written anew from that text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"\x89CMA1\r\n\x1a\n"
END = {"complete": True, "cursor": None}


@dataclass(frozen=True, slots=True)
class ExportKey:
    """A key as the plugin shows it once."""

    key_id: str
    secret: str

    @classmethod
    def fresh(cls) -> ExportKey:
        """One that nobody has seen."""
        secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        return cls(secrets.token_hex(8), secret)

    def __str__(self) -> str:
        """As it is registered."""
        return f"cm1_{self.key_id}_{self.secret}"

    def job_key(self, job: str) -> bytes:
        """What the requests of a job are signed with; `job` is the header X-CM-Job."""
        clone_id, generation, expires_at = job.rsplit(".", 2)
        text = f"custom-migrator-job-v1\n{self.key_id}\n{clone_id}\n{generation}\n{expires_at}"
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()


class Answer:
    """One answer, written as it is made."""

    def __init__(self, out: BinaryIO, job_key: bytes, nonce: str, endpoint: str) -> None:
        """The magic goes out at once."""
        self._out = out
        greeting = f"custom-migrator-answer-v1\n{nonce}\n{endpoint}\n"
        self._mac = hmac.new(job_key, greeting.encode(), hashlib.sha256)
        self.raw(MAGIC)

    def raw(self, data: bytes) -> None:
        """Bytes outside of the protocol."""
        self._out.write(data)

    def json(self, value: Any) -> None:
        """A frame J."""
        self.frame(b"J", _compact(value))

    def data(self, payload: bytes) -> None:
        """A frame D."""
        self.frame(b"D", payload)

    def frame(self, kind: bytes, payload: bytes) -> None:
        """A frame without a MAC of its own."""
        self._digest(kind, payload)
        self._write(kind, payload)

    def checkpoint(self, cursor: str) -> None:
        """A frame C."""
        self.signed(b"C", {"cursor": cursor})

    def end(self, **more: Any) -> None:
        """A frame E; complete, unless `more` says otherwise."""
        self.signed(b"E", {**END, **more})

    def signed(self, kind: bytes, value: Any) -> None:
        """A frame with its MAC."""
        text = _compact(value)
        self._digest(kind, text)
        self._write(kind, self._mac.digest() + text)

    def _digest(self, kind: bytes, payload: bytes) -> None:
        self._mac.update(hashlib.sha256(kind + payload).digest())

    def _write(self, kind: bytes, payload: bytes) -> None:
        self.raw(kind + len(payload).to_bytes(4, "big") + payload)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def num(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004 -- seven bits in each byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: bytes | str) -> bytes:
    """Its length and its bytes."""
    raw = value.encode() if isinstance(value, str) else value
    return num(len(raw)) + raw


def row(*cells: bytes | str | None) -> bytes:
    """A row of `rows`."""
    out = b""
    for cell in cells:
        raw = cell.encode() if isinstance(cell, str) else cell
        out += num(0) if raw is None else num(len(raw) + 2) + raw
    return out


def large_cell(length: int, token: str) -> bytes:
    """In the place of a cell that is fetched on its own."""
    return num(1) + num(length) + text(token)


def file(path: str | bytes, content: bytes, *, size: int | None = None, mode: int = 0o644) -> bytes:
    """The records of a whole file; `size` is what it claims to have."""
    claimed = len(content) if size is None else size
    begin = b"f" + text(path) + num(mode) + num(claimed) + num(1_700_000_000) + num(0)
    return begin + b"b" + text(content) + b"z" + num(0) + num(claimed)


def link(path: str, target: str) -> bytes:
    """A record of `files`: a symbolic link."""
    return b"l" + text(path) + text(target)
