"""Where this machine gets its Debian packages from.

The bases of the images are built from the same mirror as the machine itself, so that a build works behind a
company's mirror, and so that no address of anybody's mirror has to stand in the repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FALLBACK_DEBIAN = "http://deb.debian.org/debian"
_FALLBACK_SECURITY = "http://security.debian.org/debian-security"
_ONE_LINE = re.compile(r"^\s*deb\s+(?:\[[^]]*\]\s+)?(?P<uri>\S+)\s+\S+", re.MULTILINE)
_DEB822_URIS = re.compile(r"^URIs:\s*(?P<uris>.+)$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Base addresses of the two archives, without a trailing slash."""

    debian: str
    security: str


def mirrors(apt: Path = Path("/etc/apt")) -> Mirrors:
    """Read the machine's mirrors; public ones where its apt names none."""
    uris = [uri.rstrip("/") for text in _sources(apt) for uri in _uris(text)]
    return Mirrors(
        debian=next((uri for uri in uris if uri.endswith("/debian")), _FALLBACK_DEBIAN),
        security=next((uri for uri in uris if uri.endswith("/debian-security")), _FALLBACK_SECURITY),
    )


def _sources(apt: Path) -> list[str]:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    return [file.read_text() for file in files if file.suffix in {".list", ".sources"} and file.is_file()]


def _uris(text: str) -> list[str]:
    deb822 = [uri for match in _DEB822_URIS.finditer(text) for uri in match["uris"].split()]
    return deb822 or [match["uri"] for match in _ONE_LINE.finditer(text)]
