"""docs/rewriting.md, written down a second time: slow, simple, and from that page alone.

Everything returns edits, (from, to, new bytes) in ascending order, of the bytes that it was given.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from tests.property.rewriting import framed, serialized
from tests.property.rewriting.escapes import HEX, JSON, SLASHES, Escapes, Invalid, carried
from tests.property.rewriting.text import Edit, Piece, host_edits, path_edits, path_needles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.property.rewriting.site import Site

# Where a hit is, which comes first of two at one place, and its edits, given what is looked at around it.
type Hit = tuple[int, int, Callable[[Piece], list[Edit]]]

MAX_DEPTH = 32
MAX_BLOCKS = 3
BLOCK = re.compile(
    rb"(?:(?<=\\)(?:[nrt]|u[0-9A-Fa-f]{4})|(?<=%)(?:25)*[0-9A-Fa-f]{2})?"
    rb"(?P<block>(?P<run>(?:[A-Za-z0-9+/]|\\+/)+)={0,2})"
)
MIN_BLOCK = 16
WHITE = b" \t\r\n"
WHITE_OF_PHP = b" \t\n\r\v\0"
BEGINS_SERIALIZED = re.compile(rb"(?:[sSOCE]:[0-9]+:\\?\"|a:[0-9]+:\{)")
BEGINS_JSON = re.compile(
    rb"[ \t\r\n]*(?:\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*[\"{\[\]0-9tfn-]|\"[ \t\r\n]*[^ \t\r\n])"
)
JSON_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\]:,+\-. \t\r\n0-9eEtrufalsn]', re.DOTALL)


@dataclass(frozen=True)
class Where:
    """How far inwards a value is."""

    depth: int = 0
    blocks: int = 0
    slashed: bool = False

    def deeper(self) -> Where:
        return replace(self, depth=self.depth + 1)


@dataclass(frozen=True)
class Result:
    """A cell as it should be, and what is reported of it."""

    cell: bytes
    kind: str
    reasons: set[str]


@dataclass
class Oracle:
    """Rewrites cells of one site."""

    site: Site
    notes: set[str] = field(default_factory=set)

    def cell(self, cell: bytes, *, binary: bool) -> Result:
        """One cell."""
        self.notes = set()
        if not self.holds(cell, 0):
            return Result(cell, "", set())
        kind, edits = self._kind(cell, Where(), binary=binary)
        return Result(applied(cell, edits), kind if edits else "", self.notes)

    def value(self, value: bytes, where: Where) -> list[Edit]:
        """What is packed in a string."""
        if not self.holds(value, where.blocks):
            return []
        if where.depth > MAX_DEPTH:
            self.notes.add("too_deep")
            return self.text(value, where)
        return self._kind(value, where, binary=False)[1]

    def _kind(self, value: bytes, where: Where, *, binary: bool) -> tuple[str, list[Edit]]:
        if BEGINS_SERIALIZED.match(value.lstrip(WHITE_OF_PHP)):
            edits = self._serialized(value, where)
            if edits is None:
                edits = self._slashed(value, where)
            if edits is not None:
                return "serialized", edits
            self.notes.add("malformed_serialized")
        if binary and not _is_text(value):
            self.notes.add("binary")
            return "text", []
        if BEGINS_JSON.match(value):
            edits = self._json(value, where)
            if edits is not None:
                return "json", edits
        return "text", self.text(value, where)

    def holds(self, value: bytes, blocks: int) -> bool:
        """Whether there is a hit."""
        lowered = value.lower()
        if any(spelling in lowered for host in self.site.hosts for spelling in host.spellings):
            return True
        if any(path_needles(value, folder) for folder in self.site.folders):
            return True
        return any(self._block_holds(found, blocks) for found in BLOCK.finditer(value))

    def _block_holds(self, found: re.Match[bytes], blocks: int) -> bool:
        characters = found["run"].replace(b"\\", b"")
        if len(characters) < MIN_BLOCK or blocks >= MAX_BLOCKS:
            return False
        return self.holds(_decoded(characters), blocks + 1)

    def _serialized(self, value: bytes, where: Where) -> list[Edit] | None:
        """As PHP's serialize() writes it; None if it is not valid."""
        at = len(value) - len(value.lstrip(WHITE_OF_PHP))
        try:
            at, strings = serialized.read(value, at)
        except serialized.Malformed:
            return None
        while BEGINS_SERIALIZED.match(value, at):
            try:
                at, more = serialized.read(value, at)
            except serialized.Malformed:
                break
            strings += more
        edits = [edit for string in strings for edit in self._string(value, string, where)]
        return edits + [(a + at, b + at, new) for a, b, new in self.text(value[at:], where)]

    def _string(self, value: bytes, string: serialized.String, where: Where) -> list[Edit]:
        content = value[string.start : string.end]
        if string.kind == "C":
            if self.holds(content, where.blocks):
                self.notes.add("custom_object")
            return []
        if not self.holds(content, where.blocks):
            return []
        if string.kind == "s":
            edits = inner = self.value(content, where.deeper())
        else:
            plain, places = HEX.remove(content)
            inner = self.value(plain, where.deeper())
            edits = carried(inner, content, places, HEX)
        edits = [(a + string.start, b + string.start, new) for a, b, new in edits]
        grown = sum(len(new) - (b - a) for a, b, new in inner)
        if grown:
            edits.insert(0, (string.count_at, string.start - 2, str(string.count + grown).encode()))
        return edits

    def _slashed(self, value: bytes, where: Where) -> list[Edit] | None:
        if where.slashed or b':\\"' not in value:
            return None
        try:
            plain, places = SLASHES.remove(value)
        except Invalid:
            return None
        if not self.holds(plain, where.blocks):
            return None
        inner = self._serialized(plain, replace(where.deeper(), slashed=True))
        return None if inner is None else carried(inner, value, places, SLASHES)

    def _json(self, value: bytes, where: Where) -> list[Edit] | None:
        """None if it is no JSON."""
        if b'\\"' not in value and b"\\u0022" not in value:
            return self.text(value, where, in_json=True)
        strings, at = [], 0
        while at < len(value):
            token = JSON_TOKEN.match(value, at)
            if token is None:
                return None
            if token[1] is not None:
                strings.append(token.span(1))
            at = token.end()
        edits: list[Edit] = []
        for start, end in strings:
            inside = self._json_string(value[start:end], where)
            edits += [(a + start, b + start, new) for a, b, new in inside]
        return edits

    def _json_string(self, content: bytes, where: Where) -> list[Edit]:
        if not self.holds(content, where.blocks):
            return []
        head = content.lstrip(WHITE_OF_PHP)
        if head[:1] in {b"{", b"[", b"\\"} or BEGINS_SERIALIZED.match(head):
            return self._escaped(content, where, JSON)
        return self.text(content, where, in_json=True)

    def _escaped(self, content: bytes, where: Where, escapes: Escapes) -> list[Edit]:
        try:
            plain, places = escapes.remove(content)
        except Invalid:
            return self.text(content, where, in_json=True)
        return carried(self.value(plain, where.deeper()), content, places, escapes)

    def text(self, text: bytes, where: Where, *, in_json: bool = False) -> list[Edit]:
        """Hosts, paths and blocks, from left to right."""
        edits: list[Edit] = []
        frames, doubts = framed.frames(text, in_json=in_json)
        for at, _, rewrite in sorted(self._hits(text, where), key=lambda hit: hit[:2]):
            done = edits[-1][1] if edits else 0
            if at < done:
                continue
            made = rewrite(_piece(text, at, done, frames, in_json=in_json))
            if made and any(doubt < at for doubt in doubts):
                self.notes.add("serialized_in_text")
            edits += made
        for frame in reversed(frames):
            if grown := frame.grown(edits, text):
                begin, stop = frame.count
                edits.append((begin, stop, str(int(text[begin:stop]) + grown).encode()))
        return sorted(edits)

    def _hits(self, text: bytes, where: Where) -> Iterator[Hit]:
        lowered = text.lower()
        for host in self.site.hosts:
            for spelling in host.spellings:
                for found in re.finditer(b"(?=" + re.escape(spelling) + b")", lowered):
                    at = found.start()
                    yield (
                        at,
                        0,
                        partial(
                            host_edits, at=at, spelling=spelling, host=host, site=self.site, notes=self.notes
                        ),
                    )
        for folder in self.site.folders:
            for at in path_needles(text, folder):
                yield at, 1, partial(path_edits, needle=at, folder=folder)
        for block in BLOCK.finditer(text):
            if self._block_holds(block, where.blocks):
                yield block.start("run"), 2, partial(self._block_edits, block=block, where=where)

    def _block_edits(self, piece: Piece, block: re.Match[bytes], where: Where) -> list[Edit]:
        notes = set(self.notes)
        characters = block["run"].replace(b"\\", b"")
        plain = _decoded(characters)
        edits = self.value(plain, replace(where.deeper(), blocks=where.blocks + 1))
        if not edits:
            return []
        padding = block["block"][len(block["run"]) :]
        exact = base64.b64encode(plain) == characters + padding
        slash = re.search(rb"\\*/", block["run"])
        new = base64.b64encode(applied(plain, edits)).replace(b"/", slash[0] if slash else b"/")
        in_query = piece.in_url or piece.before(block.start("run")).endswith(b"=")
        plus = in_query and (b"+" in new) != (b"+" in block["run"])
        if not exact or plus or not _alone(piece, block) or not _is_utf8(plain):
            self.notes.clear()
            self.notes.update(notes | {"base64"})
            return []
        return [(*block.span("block"), new)]


def _piece(text: bytes, at: int, done: int, frames: list[framed.Frame], *, in_json: bool) -> Piece:
    """What is looked at around a hit: the innermost string, or all that is not done."""
    around = [frame for frame in frames if frame.start <= at < frame.end]
    if not around:
        return Piece(text, done, in_json=in_json)
    frame = around[-1]
    return Piece(text[: frame.end], max(done, frame.start), in_json=in_json, in_url=b"%" in frame.marks)


def applied(value: bytes, edits: list[Edit]) -> bytes:
    """The value with the edits made."""
    for start, end, new in reversed(edits):
        value = value[:start] + new + value[end:]
    return value


def _decoded(characters: bytes) -> bytes:
    if len(characters) % 4 == 1:
        characters = characters[:-1]
    return base64.b64decode(characters + b"=" * (-len(characters) % 4))


def _alone(piece: Piece, block: re.Match[bytes]) -> bool:
    before, after = piece.before(block.start("run")), piece.text[block.end() :]
    if re.search(rb"[._%@$-]\Z", before) or re.match(rb"[._%@$=-]", after):
        return False
    if re.match(rb"(?:[\r\n]|\\+[rn])+[A-Za-z0-9+/]", after):
        return False
    stripped = re.sub(rb"(?:[\r\n]|\\+[rn])+\Z", b"", before)
    return stripped == before or not re.search(rb"[A-Za-z0-9+/=]\Z", stripped)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_text(value: bytes) -> bool:
    return _is_utf8(value) and not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", value)
