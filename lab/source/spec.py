"""What a source site shall be, and what `up` answers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.cluster import net
from lab.errors import LabError

if TYPE_CHECKING:
    from pathlib import Path

SIZES = ("small", "medium", "large")
DATABASES = ("mysql", "mariadb")
NETWORKS = ("folders",)
DEFAULT_PREFIX = "wp_"
PHP_FOLDER = "/opt/clone/php.d"
"""Where the image's PHP looks for settings."""
SLOW_FILE = "slow.php"
WEAK = {"memory_limit": "64M", "max_execution_time": "5", "disable_functions": "set_time_limit"}
"""PHP's settings on a cheap host: little memory, and 5 s of CPU time that no script can lift."""
SLOW = {"auto_prepend_file": f"{PHP_FOLDER}/{SLOW_FILE}"}
"""And on one where what PHP sends costs it CPU time."""
_PREFIX = re.compile(r"[A-Za-z0-9_]{1,20}")
_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Brought:
    """A site that was brought along."""

    dump: Path
    """SQL of the whole database, as mysqldump writes it; `.gz` is unpacked."""
    content: Path
    """The folder wp-content."""


@dataclass(frozen=True, slots=True)
class Host:
    """What the site runs on."""

    database: str = "mysql"
    prefix: str = DEFAULT_PREFIX
    """Of the site's tables. With another one than `wp_`, a site in `wp_` shares the database on MySQL."""
    php: tuple[tuple[str, str], ...] = ()
    """Settings of PHP over those of the image."""
    network: str | None = None
    """One of NETWORKS: the site is the main one of a network."""

    @property
    def has_a_site(self) -> bool:
        """Whether the database comes with WordPress's tables under this prefix."""
        return self.database == "mysql" and self.prefix == DEFAULT_PREFIX


@dataclass(frozen=True, slots=True)
class Source:
    """A source site: generated in a size, or brought along."""

    name: str
    url: str
    size: str | None
    brought: Brought | None = None
    on: Host = Host()

    @classmethod
    def generated(cls, name: str, size: str, on: Host | None = None) -> Source:
        """A site of generated content at http://NAME.sources.test. Raises LabError for a bad name."""
        _check_name(name)
        on = on or Host()
        if not _PREFIX.fullmatch(on.prefix):
            raise LabError(f"{on.prefix!r} is no table prefix: letters, digits and underscores, at most 20")
        return cls(name, f"http://{name}.{net.SOURCE_DOMAIN}", size, on=on)

    @classmethod
    def from_dump(cls, name: str, url: str, dump: Path, content: Path) -> Source:
        """A site from a dump and its wp-content, served under the host of `url`.

        Raises:
            LabError: a path or the address cannot be used; the message says which.
        """
        _check_name(name)
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise LabError(f"{url!r} is no address of a site: give it like https://shop.example.com")
        if not dump.is_file():
            raise LabError(f"{dump} is no file: --dump wants the SQL that mysqldump wrote")
        if not content.is_dir():
            raise LabError(f"{content} is no folder: --content wants the site's wp-content")
        return cls(name, url.rstrip("/"), None, Brought(dump.resolve(), content.resolve()))

    @property
    def host(self) -> str:
        """The host that the ingress routes by."""
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether it is asked for by https."""
        return urlsplit(self.url).scheme == "https"

    def fingerprint(self, images: dict[str, str], generator: str) -> str:
        """Changes with everything that makes the site: the same one need not be made again.

        Args:
            images: references of both images.
            generator: digest of what fills the site.
        """
        files = [self.brought.dump, self.brought.content] if self.brought else []
        stamps = [str(file.stat().st_mtime_ns) for file in files]
        made = (self.name, self.url, self.size, self.on, files, stamps)
        text = repr((*made, sorted(images.items()), generator))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller needs to clone the site and to look into it."""

    name: str
    url: str
    key: str
    admin_user: str
    admin_password: str

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def _check_name(name: str) -> None:
    if not _LABEL.fullmatch(name):
        raise LabError(f"{name!r} is no name for a source: small letters, digits and dashes, a letter first")
