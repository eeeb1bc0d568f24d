"""Strings within strings: removing escapes, and writing into what has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.property.rewriting.text import Edit


class Invalid(Exception):
    """An escape that is none."""


@dataclass(frozen=True)
class Escapes:
    """One way of escaping: what one escape looks like, what it says, and how a backslash is written."""

    pattern: re.Pattern[bytes]
    says: Callable[[bytes], bytes]
    backslash: bytes

    def remove(self, text: bytes) -> tuple[bytes, list[int]]:
        """What the text says, and where each byte of it (and its end) is written.

        Raises:
            Invalid: a backslash begins no escape.
        """
        plain, places, at = b"", [], 0
        while at < len(text):
            width, said = 1, text[at : at + 1]
            if said == b"\\":
                found = self.pattern.match(text, at)
                if found is None:
                    raise Invalid
                width, said = len(found[0]), self.says(found[0])
            plain += said
            places += [at] * len(said)
            at += width
        return plain, [*places, at]


def _json(escape: bytes) -> bytes:
    if escape[1:2] != b"u":
        return {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(escape[1:2], escape[1:2])
    units = b"".join(bytes.fromhex(unit.decode()) for unit in escape.split(b"\\u")[1:])
    return units.decode("utf-16-be").encode()


_UNIT = rb"\\u(?i:(?!d[89a-f])[0-9a-f]{4})"
_PAIR = rb"\\u(?i:d[89ab][0-9a-f]{2})\\u(?i:d[c-f][0-9a-f]{2})"
JSON = Escapes(re.compile(_PAIR + rb"|" + _UNIT + rb"|\\[\"\\/bfnrt]"), _json, b"\\\\")
HEX = Escapes(re.compile(rb"\\[0-9A-Fa-f]{2}"), lambda escape: bytes.fromhex(escape[1:].decode()), b"\\5c")
SLASHES = Escapes(re.compile(rb"\\(?s:.)"), lambda escape: b"\0" if escape == b"\\0" else escape[1:], b"\\\\")


def carried(edits: list[Edit], text: bytes, places: list[int], escapes: Escapes) -> list[Edit]:
    """Edits of what a text says, as edits of the text."""
    out = []
    for start, end, new in edits:
        begin, stop = places[start], places[end]
        out.append((begin, stop, _written(text[begin:stop], new, escapes)))
    return out


def _written(old: bytes, new: bytes, escapes: Escapes) -> bytes:
    if b"/" not in new:
        return new
    slash = b"/"
    plain, places = escapes.remove(old)
    if b"/" in plain:
        at = places[plain.index(b"/")]
        slash = b"\\/" if old[at : at + 2] == b"\\/" else slash
    return re.sub(rb"[\\/]", lambda m: slash if m[0] == b"/" else escapes.backslash, new)
