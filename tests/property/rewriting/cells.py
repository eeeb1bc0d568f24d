"""Cells as sites have them, and as nobody should: built of pieces, packed into one another, damaged."""

from __future__ import annotations

import base64
import json
import re
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AROUND = (
    b"", b" ", b"\n", b"\r\n", b"\t", b'"', b"'", b"`", b"(", b")", b"<", b">", b",", b";", b"=", b"|", b":",
    b".", b"-", b"_", b"@", b"/", b"\\", b"//", b"\\/\\/", b"*", b"#", b"?", b"a", b"0", b"==", b"C", b"c",
    b":\\", b"%", b"%22", b"%2522", b"%20", b"%3D", b"%40", b"%2F%2F", b"%252F%252f", b"%2E", b"%2D",
    b"%5Cx", b"%5C", b"%5C%2F%5C%2F",
    b"\\u0022", b"\\u002F\\u002f", b"\\n", b"&quot;", b"&#039;", b"&#64;", b"&#x2F;&#47;", b"&nbsp;",
    b"\\t", b"\\\\n", b"%5Cr", b"\\u003b", b"&sol;", b"&amp;", b"user:pw@", b"u%2540", b"mailto:",
    b"ftp://a@", b"file://",
    b"user|", b"<!-- x --> ", b's:3:"', b"s%3A1%3A%22", b"C:1:\\\"", b'S:9:"', b'";', b"%22%3B",
    b"&quot;;", b"\\u00e9", b"\\ud83d",
    b":80", b":443", b":8080", b":99999999999", b"%3A8080", b"www.", b"WWW.", b"info@", b"(at) ", b"[AT]  ",
    b"wp-", b"/wp-content/a.jpg", b"\\wp-content\\a b\\c", b"\\\\wp-content\\\\a",
    b"\xc3\xbc", b"\xef\xbc\x8c", b"\x00", b"\xff",
)  # fmt: skip
SCHEMES = (
    b"http://", b"https://", b"HTTPS://", b"//", b"https:\\/\\/", b"http:\\\\\\/\\\\\\/", b"https%3A%2F%2F",
    b"http%3A%5C%2F%255C/",
    b"https://user:p%40w@", b"https%3A%2F%2Fuser%40", b"https&colon;&sol;&#47;", b"https:\\x2F\\x2f",
    b"http%253a%252f%252F", b"https\\u003A\\u002F\\u002f", b"https:&#x2F;&#047;", b"wss://", b"", b"", b".",
)  # fmt: skip


class Cells:
    """Makes cells in which some hosts and paths occur; the same ones for the same seed."""

    def __init__(self, hosts: Sequence[bytes], paths: Sequence[bytes], seed: int) -> None:
        self.random = Random(seed)
        self.hosts, self.paths = hosts, paths

    def cell(self) -> bytes:
        """The next cell; every third is damaged."""
        cell = self._packed(self.random.choice((0, 1, 1, 2, 2, 3, 4)))
        return self._damaged(cell) if self.random.random() < 1 / 3 else cell

    def _text(self) -> bytes:
        return b"".join(self._piece() for _ in range(self.random.randint(0, 7)))

    def _piece(self) -> bytes:
        choose = self.random.choice
        kind = self.random.random()
        if kind < 0.35:
            host = choose((bytes, bytes, bytes.upper, bytes.title))(choose(self.hosts))
            return choose(SCHEMES) + choose((b"", b"", b"www.")) + host
        if kind < 0.5:
            return choose((bytes, bytes, _slashed, _percent))(choose(self.paths))
        return choose(AROUND)

    def _packed(self, depth: int) -> bytes:
        if depth == 0:
            return self._text()
        pack = self.random.choice(PACKINGS)
        inner = self._packed(depth - 1)
        if pack is array:
            return array([inner, *(self._packed(depth - 1) for _ in range(self.random.randint(0, 2)))])
        if pack is base64.b64encode:
            return self._repeated(pack, inner, (1, 1, 1, 2, 3, 4))
        if pack is string:
            return self._repeated(pack, inner, (1, 1, 1, 1, 1, 31, 32, 33))
        if pack is surrounded:
            return self.random.choice(AROUND) + inner + self.random.choice(AROUND)
        return pack(inner)

    def _repeated(self, pack: Callable[[bytes], bytes], inner: bytes, times: tuple[int, ...]) -> bytes:
        for _ in range(self.random.choice(times)):
            inner = pack(inner)
        return inner

    def _damaged(self, cell: bytes) -> bytes:
        """With a few bytes cut out, doubled or replaced."""
        for _ in range(self.random.randint(1, 3)):
            at, width = self.random.randint(0, len(cell)), self.random.randint(0, 3)
            put = self.random.choice((b"", cell[at : at + width] * 2, *AROUND))
            cell = cell[:at] + put + cell[at + width :]
        return cell


def _slashed(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b"/", b"\\/")


def _percent(text: bytes) -> bytes:
    return quote(text, safe="").encode()


def string(text: bytes) -> bytes:
    """s:N:"...";"""
    return b's:%d:"%s";' % (len(text), text)


def escaped_string(text: bytes) -> bytes:
    r"""S:N:"...";, with everything escaped that is no letter, digit, dot or slash."""
    plain = re.sub(rb"[^A-Za-z0-9./]", lambda found: b"\\%02x" % found[0][0], text)
    return b'S:%d:"%s";' % (len(text), plain)


def array(values: list[bytes]) -> bytes:
    """a:N:{...} of strings, with scalars between them."""
    scalars = (b"N;", b"b:1;", b"d:0.10000000000000001;", b"i:-7;", b"R:1;", b"d:-INF;")
    members = [b"i:%d;%s" % (i, string(value)) for i, value in enumerate(values)]
    members += [b"%s%s" % (string(value), scalars[len(value) % len(scalars)]) for value in values[:1]]
    members += [b"%sb:0;" % escaped_string(value) for value in values[1:2]]
    return b"a:%d:{%s}" % (len(members), b"".join(members))


def an_object(text: bytes) -> bytes:
    """An object with a protected property."""
    return b'O:8:"stdClass":1:{s:4:"\0*\0p";%s}' % string(text)


def custom(text: bytes) -> bytes:
    """An object that serializes itself, and an enum."""
    return b'a:2:{i:0;C:3:"Foo":%d:{%s}i:1;E:6:"A:Case";}' % (len(text), text)


def json_text(text: bytes) -> bytes:
    """JSON that has the text in it, as far as it is UTF-8."""
    value = {"a": text.decode(errors="ignore"), "b": [1.5, None]}
    return json.dumps(value, ensure_ascii=len(text) % 2 == 0).encode()


def json_of_php(text: bytes) -> bytes:
    """The same with slashes escaped."""
    return json_text(text).replace(b"/", b"\\/")


def surrounded(text: bytes) -> bytes:
    """The text among other text, which a generator adds."""
    return text


def add_slashes(text: bytes) -> bytes:
    """As PHP's addslashes does."""
    for plain, slashed in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"'", b"\\'"), (b"\0", b"\\0")):
        text = text.replace(plain, slashed)
    return text


def in_session(text: bytes) -> bytes:
    """A serialized value among text, as PHP keeps sessions."""
    return b"user|" + array([text]) + b"n|i:1;"


def urlencoded(text: bytes) -> bytes:
    """As PHP's urlencode does."""
    return quote_plus(text).encode()


def for_html(text: bytes) -> bytes:
    """As PHP's htmlspecialchars does."""
    for plain, entity in ((b"&", b"&amp;"), (b'"', b"&quot;"), (b"'", b"&#039;"), (b"<", b"&lt;")):
        text = text.replace(plain, entity)
    return text


def for_csv(text: bytes) -> bytes:
    """With quotes doubled."""
    return text.replace(b'"', b'""')


def in_script(text: bytes) -> bytes:
    """JSON among text."""
    return b"<script>x=" + json_of_php(text) + b"</script>"


PACKINGS: tuple[Callable[[Any], bytes], ...] = (
    string, string, escaped_string, array, array, an_object, custom, json_text, json_of_php, add_slashes,
    base64.b64encode, surrounded, surrounded, in_session, in_session, urlencoded, for_html, for_csv,
    in_script,
)  # fmt: skip
