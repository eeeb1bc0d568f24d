"""The rules for text: addresses, bare hosts and paths, each as edits (from, to, new bytes)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.property.rewriting.site import Folder, Host, Site

type Edit = tuple[int, int, bytes]

ESCAPES = rb"(?:\\|%(?:25)*5c)*"
SLASH = rb"(?i:" + ESCAPES + rb"(?:/|%(?:25)*2f)|" + ESCAPES + rb"\\u002f|&\#x2f;|&\#0?47;)"
COLON = rb"(?i:" + ESCAPES + rb"(?::|%(?:25)*3a)|" + ESCAPES + rb"\\u003a|&\#x3a;|&\#0?58;)"
BACKSLASH = rb"(?i:" + ESCAPES + rb"(?:\\|%(?:25)*5c)|" + ESCAPES + rb"\\u005c|&\#x5c;|&\#0?92;)"
ADDRESS = re.compile(rb"(?:((?i:https?))(?:" + COLON + rb"))?(?:" + SLASH + rb")(" + SLASH + rb")\Z")
ONE_SLASH = re.compile(SLASH + rb"\Z")
PORT = re.compile(rb"(?::|%3[Aa])([0-9]{1,10})")
GOES_ON = re.compile(rb"[A-Za-z0-9_@-]|\.[A-Za-z0-9\x80-\xff-]|%(?:2[Ee]|2[Dd]|5[Ff]|40)")
ALONE = re.compile(
    rb"(?:\A|[ \t\r\n\"'`()\[\]{}<>,=|]"
    rb"|&(?i:quot|\#0?34|apos|\#0?39|lt|gt|nbsp);"
    rb"|(?P<code>(?P<percent>%)(?:25)*[0-9A-Fa-f]{2}|\\(?i:u)00[0-9A-Fa-f]{2}))(?P<dot>\.?)\Z"
)
DELIMITERS = b" \t\r\n\"'`()[]{}<>,=|"
HIDDEN = re.compile(rb"(?i:\(at\)|\[at\]|\{at\}) *\Z")
NAME = rb"[A-Za-z0-9_.-]"
LONGER = re.compile(rb"[A-Za-z0-9_\x80-\xff-]|\.[A-Za-z0-9_.-]")


def changed(edits: list[Edit], text: bytes) -> list[Edit]:
    """Without the edits that change nothing."""
    return [e for e in edits if text[e[0] : e[1]] != e[2]]


def host_edits(
    text: bytes, at: int, spelling: bytes, host: Host, site: Site, notes: set[str], start: int
) -> list[Edit]:
    """The host at an offset; what is before `start` does not count."""
    end = at + len(spelling)
    if at - 4 >= start and text[at - 4 : at].lower() == b"www.":
        at -= 4
    address = ADDRESS.search(text[start:at])
    if address is None and (not host.bare or ONE_SLASH.search(text[start:at])):
        return []
    encoded = False
    if address is None:
        alone = _stands_alone(text[start:at])
        if alone is None:
            return []
        encoded = alone == "percent"
    else:
        encoded = b"%" in address[2] and not address[2].endswith(b"/")
    if port := PORT.match(text, end):
        if not host.owns(port[1].decode()):
            notes.add("other_port")
            return []
        end = port.end()
    if GOES_ON.match(text, end):
        return []
    authority = site.authority.replace(b":", b"%3A") if encoded else site.authority
    edits = [(at, end, authority)]
    if address is not None and address[1] is not None and address[1].lower() != site.scheme:
        edits.insert(0, (start + address.start(1), start + address.end(1), site.scheme))
    return changed(edits, text)


def _stands_alone(before: bytes) -> str | None:
    """None, or in which way."""
    found = ALONE.search(before)
    if found is None:
        return None
    if found["code"] is not None:
        character = int(found["code"][-2:], 16)
        if character not in DELIMITERS:
            return None
        hidden = character == ord(" ") and HIDDEN.search(before[: found.start("dot")])
        return None if hidden else ("percent" if found["percent"] else "escaped")
    last = before[: found.start("dot")]
    return None if last.endswith(b" ") and HIDDEN.search(last) else "plain"


def path_needles(text: bytes, folder: Folder) -> list[int]:
    """Where the last part of a folder begins, its separator included."""
    last = re.escape(folder.parts[-1])
    separators = rb"/|2f|\\|5c" if folder.drive else rb"/|2f"
    return [m.start() for m in re.finditer(rb"(?i)(?=(?:" + separators + rb")" + last + rb")", text)]


def path_edits(text: bytes, needle: int, folder: Folder, start: int) -> list[Edit]:
    """The folder whose last part's separator is at `needle`."""
    last = folder.parts[-1]
    width = 1 if text[needle : needle + 1] in {b"/", b"\\"} else 2
    end = needle + width + len(last)
    separator = rb"(" + SLASH + (rb"|" + BACKSLASH if folder.drive else rb"") + rb")"
    case = rb"(?i:" if folder.drive else rb"(?:"
    parts = separator.join(case + re.escape(part) + rb")" for part in folder.parts)
    drive = rb"(?i:" + folder.drive + rb")" + COLON if folder.drive else rb""
    whole = rb"(?P<drive>" + drive + rb")(?P<root>" + separator + rb")(?P<parts>" + parts + rb")\Z"
    found = re.search(whole, text[start:end])
    if found is None or LONGER.match(text, end):
        return []
    before = text[start : start + found.start()][-1:]
    if before == b"/" or re.match(NAME, before):
        return []
    joint = found.groups()[-1] if len(folder.parts) > 1 else found["root"]
    if folder.drive:
        return changed(_windows(text, start + found.start(), end, joint, folder), text)
    if len(folder.parts) == 1 and not text.startswith(joint + b"wp-", end):
        return []
    return changed([(start + found.start("parts"), end, folder.target.replace(b"/", joint))], text)


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
