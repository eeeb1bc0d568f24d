"""What is rewritten into what: the hosts, ports, paths and the target of one mapping."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Host:
    """One host of the source, in all its spellings (lower case)."""

    spellings: tuple[bytes, ...]
    ports: frozenset[str]
    bare: bool

    def owns(self, port: str) -> bool:
        """Whether an explicit port is the site's."""
        return port in self.ports or ("" in self.ports and port in {"80", "443"})


@dataclass(frozen=True)
class Folder:
    """A folder of the source, and where it is in the clone."""

    drive: bytes
    parts: tuple[bytes, ...]
    target: bytes


@dataclass(frozen=True)
class Site:
    """One mapping."""

    hosts: tuple[Host, ...]
    folders: tuple[Folder, ...]
    scheme: bytes
    authority: bytes


def site(sources: list[str], target: str, paths: list[tuple[str, str]]) -> Site:
    """The mapping as people write it, prepared."""
    ports: dict[str, set[str]] = {}
    for source in sources:
        parts = urlsplit(source)
        name = (parts.hostname or "").lower()
        name = name[4:] if name.startswith("www.") and "." in name[4:] else name
        own = parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme)
        ports.setdefault(name, set()).add("" if own else str(parts.port))
    hosts = tuple(Host(_spellings(name), frozenset(own), _is_name(name)) for name, own in ports.items())
    to = urlsplit(target)
    return Site(
        hosts,
        tuple(folder for pair in paths for folder in _folders(*pair)),
        to.scheme.encode(),
        to.netloc.lower().encode(),
    )


def _is_name(host: str) -> bool:
    return "." in host and not host.rsplit(".", maxsplit=1)[-1][0].isdigit()


def _spellings(host: str) -> tuple[bytes, ...]:
    ascii_name = host.encode("idna")
    name = ascii_name.decode("idna")
    if name == ascii_name.decode():
        return (ascii_name,)
    escaped = _json(name)
    encoded = quote(name).lower()
    spellings = (name, escaped, encoded, escaped.replace("\\", "\\\\"), encoded.replace("%", "%25"))
    return (ascii_name, *(spelling.encode() for spelling in spellings))


def _json(text: str) -> str:
    return json.dumps(text).strip('"')


def _folders(source: str, target: str) -> list[Folder]:
    """A folder in each spelling of its names."""
    path = source.replace("\\", "/")
    drive = re.match("[A-Za-z0-9]:", path)
    parts = path[2 if drive else 0 :].strip("/").split("/")
    spellings = dict.fromkeys(
        tuple(spell(part).encode() for part in parts)
        for spell in (str, _json, lambda part: quote(part, safe=""))
    )
    letter = path[:1].lower().encode() if drive else b""
    return [Folder(letter, spelling, target.strip("/").encode()) for spelling in spellings]
