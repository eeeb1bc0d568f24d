"""Serialized strings in text: where they are, and how what is in them is escaped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADING = re.compile(rb"(?P<kind>[sSC])(?P<colon>:|%(?:25)*3[Aa])(?P<count>[0-9]{1,10})(?::|%(?:25)*3[Aa])")
ENTITY = re.compile(
    r"&(?:(?P<name>quot|amp|apos|lt|gt)|#(?:[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<ten>[0-9]{1,7})));"
)
NAMED = {"quot": b'"', "amp": b"&", "apos": b"'", "lt": b"<", "gt": b">"}
MAX_ESCAPES = 6
MAX_OPEN = 8

# What a character or an escape says (None: it is not valid), and where the next one begins.
type Unit = tuple[bytes | None, int]


@dataclass(frozen=True)
class Frame:
    """A string whose length is right: its count, its content, its escapes from the outermost on."""

    count: tuple[int, int]
    start: int
    end: int
    marks: bytes

    def grown(self, edits: list[tuple[int, int, bytes]], text: bytes) -> int:
        """By how much edits change the length."""
        inside = [edit for edit in edits if self.start <= edit[0] and edit[1] <= self.end]
        return sum(_size(new, self.marks) - _size(text[a:b], self.marks) for a, b, new in inside)


def frames(text: bytes, *, in_json: bool) -> tuple[list[Frame], list[int]]:
    """The strings that fit, from left to right, and where the doubts are."""
    found: list[Frame] = []
    doubts: list[int] = []
    for heading in HEADING.finditer(text):
        at = heading.start("colon")
        around = [frame for frame in found if frame.end > at]
        bound = min((frame.end for frame in around), default=len(text))
        marks = _marks(text[:bound], heading.end())
        if marks is None:
            continue
        ways, certain = _ways(text[:bound], heading.end(), marks, in_json=in_json)
        fitting = [f for f in (_fit(text[:bound], heading, way) for way in ways) if f is not None]
        differ = len({frame.end for frame in fitting}) > 1 and not certain
        if not fitting or heading["kind"] != b"s" or len(around) == MAX_OPEN:
            doubts.append(at)
            continue
        found.append(fitting[0])
        if differ:
            doubts.append(at)
    return found, doubts


def _marks(text: bytes, quote: int) -> bytes | None:
    """The escapes of a quote; None if it is none."""
    marks = b""
    while True:
        first = next(_read(text, quote, marks), (None, 0))[0]
        if first == b'"':
            return marks
        if first not in {b"\\", b"%", b"&"} or len(marks) == MAX_ESCAPES:
            return None
        marks += first


def _ways(text: bytes, quote: int, marks: bytes, *, in_json: bool) -> tuple[list[bytes], bool]:
    """How a string may be read, the best first, and whether the first that fits is right for certain."""
    if not marks and text[quote : quote + 2] == b'""':
        return [b'"', b""], True
    if marks[:1] == b"&" and len(marks) < MAX_ESCAPES:
        return ([b"\\" + marks], True) if in_json else ([marks, b"\\" + marks], False)
    return [marks], True


def _fit(text: bytes, heading: re.Match[bytes], marks: bytes) -> Frame | None:
    units = list(_read(text, heading.end(), marks))
    if units[0][0] != b'"':
        return None
    left, n, end = int(heading["count"]), 1, units[0][1]
    while left > 0 and n < len(units):
        said, end = units[n]
        if said is None:
            return None
        left, n = left - len(said), n + 1
    if left or [said for said, _ in units[n : n + 2]] != [b'"', b";"]:
        return None
    return Frame(heading.span("count"), units[0][1], end, marks)


def _size(text: bytes, marks: bytes) -> int:
    return sum(len(said or b"") for said, _ in _read(text, 0, marks))


def _read(text: bytes, at: int, marks: bytes) -> Iterator[Unit]:
    """What the text says from an offset on."""
    if not marks:
        for i in range(at, len(text)):
            yield text[i : i + 1], i + 1
        return
    outer = list(_read(text, at, marks[:-1]))
    undo = {b"\\": _backslash, b"%": _percent, b"&": _entity, b'"': _doubled}[marks[-1:]]
    i = 0
    while i < len(outer):
        said, width = undo(outer, i) if outer[i][0] == marks[-1:] else (outer[i][0], 1)
        i += width
        yield said, outer[min(i, len(outer)) - 1][1]


def _letters(units: list[Unit], at: int, n: int) -> str:
    """Up to n units as characters; what is no single byte of ASCII is a space."""
    said = [unit[0] or b"" for unit in units[at : at + n]]
    return "".join(chr(s[0]) if len(s) == 1 and s[0] < 0x80 else " " for s in said)


def _backslash(units: list[Unit], at: int) -> tuple[bytes | None, int]:
    if at + 1 == len(units):
        return None, 1
    escape = re.match(r"u([0-9A-Fa-f]{4})(?:\\u([0-9A-Fa-f]{4}))?", _letters(units, at + 1, 11))
    if escape is None:
        return units[at + 1][0], 2
    first = int(escape[1], 16)
    if not 0xD800 <= first <= 0xDFFF:
        return chr(first).encode(), 6
    pair = bytes.fromhex(escape[1] + (escape[2] or ""))
    try:
        return pair.decode("utf-16-be").encode(), 12
    except UnicodeDecodeError:
        return None, 1


def _percent(units: list[Unit], at: int) -> tuple[bytes | None, int]:
    digits = re.match(r"[0-9A-Fa-f]{2}", _letters(units, at + 1, 2))
    return (bytes.fromhex(digits[0]), 3) if digits else (b"%", 1)


def _entity(units: list[Unit], at: int) -> tuple[bytes | None, int]:
    found = ENTITY.match(_letters(units, at, 10))
    if found is None:
        return b"&", 1
    width = len(found[0])
    if found["name"]:
        return NAMED[found["name"]], width
    number = int(found["hex"], 16) if found["hex"] else int(found["ten"])
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return b"&", 1
    return chr(number).encode(), width


def _doubled(units: list[Unit], at: int) -> tuple[bytes | None, int]:
    return b'"', 2 if at + 1 < len(units) and units[at + 1][0] == b'"' else 1
