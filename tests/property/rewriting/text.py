"""The rules for text: addresses, bare hosts and paths, each as edits (from, to, new bytes)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.property.rewriting.site import Folder, Host, Site

type Edit = tuple[int, int, bytes]

ESCAPES = rb"(?:\\|%(?:25)*5c)*"
SLASH = rb"(?i:" + ESCAPES + rb"(?:/|%(?:25)*2f|\\(?:u00|x)2f)|&\#x2f;|&\#0?47;|&sol;)"
COLON = rb"(?i:" + ESCAPES + rb"(?::|%(?:25)*3a|\\(?:u00|x)3a)|&\#x3a;|&\#0?58;|&colon;)"
BACKSLASH = rb"(?i:" + ESCAPES + rb"(?:\\|%(?:25)*5c|\\(?:u00|x)5c)|&\#x5c;|&\#0?92;|&bsol;)"
HTTP = rb"(?P<scheme>(?i:https?))" + COLON
ADDRESS = re.compile(rb"(?:" + HTTP + rb")?" + SLASH + rb"(?P<last>" + SLASH + rb")\Z")
USER = re.compile(
    rb"(?:" + HTTP + rb")?" + SLASH + SLASH + rb"(?:(?!" + SLASH + rb")[A-Za-z0-9._~%+:!$*-]){1,255}"
    rb"(?P<last>@|%(?:25)*40)\Z"
)
ONE_SLASH = re.compile(SLASH + rb"\Z")
PORT = re.compile(rb"(?i::|%(?:25)*3a|\\+(?:u00|x)3a|&\#x3a;|&\#0?58;|&colon;)([0-9]{1,10})")
GOES_ON = re.compile(rb"[A-Za-z0-9_@-]|\.[A-Za-z0-9\x80-\xff-]|%(?:2[Ee]|2[Dd]|5[Ff]|40)")
ENTITY = re.compile(rb"&[A-Za-z0-9#]{1,10};\Z")
OPENING = re.compile(rb"&(?i:quot|\#0?34|apos|\#0?39|lt|gt|nbsp);\Z")
CODE = re.compile(rb"(?:%(?:25)*|\\(?i:u)(?P<high>[0-9A-Fa-f]{2}))(?P<low>[0-9A-Fa-f]{2})\Z")
PERCENT = re.compile(rb"(%(?:25)*)[0-9A-Fa-f]{2}\Z")
BREAK = re.compile(rb"(?i:\\|%(?:25)*5c)(?-i:[nrt])\Z")
ODD = re.compile(rb"(?<!\\)(?:\\\\)*\\[nrt]\Z")
DELIMITERS = b" \t\r\n\"'`()[]{}<>,;=|"
HIDDEN = re.compile(rb"(?i:\(at\)|\[at\]|\{at\}) *\Z")
NAME = rb"[A-Za-z0-9_.-]"
LONGER = re.compile(rb"[A-Za-z0-9_\x80-\xff-]|\.[A-Za-z0-9_.-]")
EMPTY_HOST = re.compile(COLON + SLASH + SLASH + rb"\Z")


@dataclass(frozen=True)
class Piece:
    """What is looked at: a text up to where it ends, from `start` on."""

    text: bytes
    start: int
    in_json: bool = False
    in_url: bool = False

    def before(self, at: int) -> bytes:
        """What counts as before an offset."""
        return self.text[self.start : at]


def changed(edits: list[Edit], text: bytes) -> list[Edit]:
    """Without the edits that change nothing."""
    return [e for e in edits if text[e[0] : e[1]] != e[2]]


def host_edits(
    piece: Piece, *, at: int, spelling: bytes, host: Host, site: Site, notes: set[str]
) -> list[Edit]:
    """The host at an offset."""
    end = at + len(spelling)
    if piece.before(at)[-4:].lower() == b"www.":
        at -= 4
    before = piece.before(at)
    address = ADDRESS.search(before)
    user = None if ONE_SLASH.search(before) else USER.search(before)
    found = address or user
    if found is None:
        if not host.bare or ONE_SLASH.search(before):
            return []
        alone = _stands_alone(before, in_json=piece.in_json)
    else:
        alone = "clear" if address or found["scheme"] else "unclear"
    if alone is None:
        return []
    authority_end = _authority_end(piece.text, end, host, notes)
    if authority_end is None:
        return []
    if alone == "unclear":
        notes.add("unclear_host")
        return []
    encoded = PERCENT.search(found["last"] if found else before.removesuffix(b"."))
    colon = encoded[1] + b"3A" if encoded else b":"
    edits = [(at, authority_end, site.authority.replace(b":", colon))]
    if found and found["scheme"] and found["scheme"].lower() != site.scheme:
        begin, stop = found.span("scheme")
        edits.insert(0, (piece.start + begin, piece.start + stop, site.scheme))
    return changed(edits, piece.text)


def _authority_end(text: bytes, end: int, host: Host, notes: set[str]) -> int | None:
    """Behind the host and its port, if both are the site's."""
    if port := PORT.match(text, end):
        if not host.owns(port[1].decode()):
            notes.add("other_port")
            return None
        end = port.end()
    elif text[end : end + 1] == b"." and PORT.match(text, end + 1):
        notes.add("other_port")
        return None
    return None if GOES_ON.match(text, end) else end


def _stands_alone(before: bytes, *, in_json: bool) -> str | None:
    """None, or whether that is clear."""
    before = before.removesuffix(b".")
    if BREAK.search(before):
        return "clear" if in_json and ODD.search(before) else "unclear"
    if not before or OPENING.search(before):
        return "clear"
    if ENTITY.search(before):
        return None
    last = _last_character(before)
    hidden = last == ord(" ") and HIDDEN.search(before)
    return "clear" if last in DELIMITERS and not hidden else None


def _last_character(before: bytes) -> int:
    """What the text ends in, its escape undone; beyond ASCII it is a letter of no name."""
    code = CODE.search(before)
    if code is None:
        return before[-1]
    said = int((code["high"] or b"") + code["low"], 16)
    return min(said, 0xFF)


def path_needles(text: bytes, folder: Folder) -> list[int]:
    """Where the last part of a folder begins, its separator included."""
    last = re.escape(folder.parts[-1])
    separators = rb"/|2f|\\|5c" if folder.drive else rb"/|2f"
    return [m.start() for m in re.finditer(rb"(?i)(?=(?:" + separators + rb")" + last + rb")", text)]


def path_edits(piece: Piece, *, needle: int, folder: Folder) -> list[Edit]:
    """The folder whose last part's separator is at `needle`."""
    text = piece.text
    last = folder.parts[-1]
    width = 1 if text[needle : needle + 1] in {b"/", b"\\"} else 2
    end = needle + width + len(last)
    separator = rb"(" + SLASH + (rb"|" + BACKSLASH if folder.drive else rb"") + rb")"
    case = rb"(?i:" if folder.drive else rb"(?:"
    parts = separator.join(case + re.escape(part) + rb")" for part in folder.parts)
    drive = rb"(?i:" + folder.drive + rb")" + COLON if folder.drive else rb""
    whole = rb"(?P<drive>" + drive + rb")(?P<root>" + separator + rb")(?P<parts>" + parts + rb")\Z"
    found = re.search(whole, piece.before(end))
    if found is None or LONGER.match(text, end) or not _path_begins(piece.before(end)[: found.start()]):
        return []
    joint = found.groups()[-1] if len(folder.parts) > 1 else found["root"]
    start = piece.start
    if folder.drive:
        return changed(_windows(text, start + found.start(), end, joint, folder), text)
    if len(folder.parts) == 1 and not text.startswith(joint + b"wp-", end):
        return []
    return changed([(start + found.start("parts"), end, folder.target.replace(b"/", joint))], text)


def _path_begins(before: bytes) -> bool:
    if not before or BREAK.search(before):
        return True
    if ONE_SLASH.search(before):
        return EMPTY_HOST.search(before) is not None
    return re.match(NAME, bytes([_last_character(before)])) is None


def _windows(text: bytes, begin: int, end: int, joint: bytes, folder: Folder) -> list[Edit]:
    if joint.lower().endswith((b"/", b"2f")):
        slash = joint
    elif not joint.strip(b"\\"):
        slash = b"/"
    else:
        slash = joint.replace(b"5c", b"2f").replace(b"5C", b"2F")
    edits = [(begin, end, (b"/" + folder.target).replace(b"/", slash))]
    if slash == joint:
        return edits
    tail = re.compile(rb"(?P<slash>\\*/|(?i:" + re.escape(slash) + rb"))|(?i:" + re.escape(joint) + rb")")
    names = re.compile(NAME + rb"+")
    while (separator := tail.match(text, end)) and (name := names.match(text, separator.end())):
        if separator["slash"] is None:
            edits.append((end, separator.end(), slash))
        end = name.end()
    return edits
