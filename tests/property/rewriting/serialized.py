"""Values of PHP's serialize(): whether they are valid, and where their strings are."""

from __future__ import annotations

import re
from dataclasses import dataclass

SCALAR = re.compile(
    rb"N;|b:[01];|i:[+-]?[0-9]+;|[rR]:[0-9]+;"
    rb"|d:(?:NAN|-?INF|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?);"
)
STRING = re.compile(rb'[sSE]:([0-9]{1,10}):"')
ARRAY = re.compile(rb"a:([0-9]{1,10}):\{")
CLASS = re.compile(rb'[OC]:([0-9]{1,10}):"')
MEMBERS = re.compile(rb'":([0-9]{1,10}):\{')
MAX_NESTING = 4096


class Malformed(Exception):
    """Not what PHP's unserialize() reads."""


@dataclass(frozen=True)
class String:
    """A string or a custom object: where its count begins, the count, and where its content is."""

    kind: str
    count_at: int
    count: int
    start: int
    end: int


def read(value: bytes, at: int, nesting: int = 0) -> tuple[int, list[String]]:
    """One value: the offset behind it, and its strings from left to right."""
    kind = value[at : at + 1].decode("latin-1")
    if kind in {"s", "S", "E"}:
        return _string(value, at, kind)
    if kind == "C":
        return _custom(value, at)
    if kind in {"a", "O"}:
        return _members(value, at, kind, nesting)
    scalar = SCALAR.match(value, at)
    if scalar is None:
        raise Malformed
    return scalar.end(), []


def _string(value: bytes, at: int, kind: str) -> tuple[int, list[String]]:
    head = _match(STRING, value, at)
    count, start = int(head[1]), head.end()
    end = _behind_escapes(value, start, count) if kind == "S" else start + count
    if value[end : end + 2] != b'";' or end > len(value):
        raise Malformed
    if kind == "E":
        if b":" not in value[start:end]:
            raise Malformed
        return end + 2, []
    return end + 2, [String(kind, at + 2, count, start, end)]


def _behind_escapes(value: bytes, at: int, count: int) -> int:
    for _ in range(count):
        found = re.compile(rb"\\[0-9A-Fa-f]{2}|[^\\]", re.DOTALL).match(value, at)
        if found is None:
            raise Malformed
        at = found.end()
    return at


def _named(value: bytes, at: int) -> tuple[int, int]:
    """The number of members or bytes of an object, and the offset behind its brace."""
    head = _match(CLASS, value, at)
    members = _match(MEMBERS, value, head.end() + int(head[1]))
    return int(members[1]), members.end()


def _custom(value: bytes, at: int) -> tuple[int, list[String]]:
    count, start = _named(value, at)
    if value[start + count : start + count + 1] != b"}":
        raise Malformed
    return start + count + 1, [String("C", at, count, start, start + count)]


def _members(value: bytes, at: int, kind: str, nesting: int) -> tuple[int, list[String]]:
    if nesting >= MAX_NESTING:
        raise Malformed
    if kind == "a":
        head = _match(ARRAY, value, at)
        count, at = int(head[1]), head.end()
    else:
        count, at = _named(value, at)
    strings: list[String] = []
    for _ in range(count):
        if value[at : at + 1] not in {b"i", b"s", b"S"}:
            raise Malformed
        for _ in range(2):
            at, more = read(value, at, nesting + 1)
            strings += more
    if value[at : at + 1] != b"}":
        raise Malformed
    return at + 1, strings


def _match(pattern: re.Pattern[bytes], value: bytes, at: int) -> re.Match[bytes]:
    found = pattern.match(value, at)
    if found is None:
        raise Malformed
    return found
