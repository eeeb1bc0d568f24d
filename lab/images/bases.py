"""The images our Dockerfiles stand on, made from Debian packages: for machines that cannot pull images.

A base is named by its recipe and the month: a change of the recipe makes another base, and once a month the
packages are taken anew, so that security fixes arrive without anybody thinking of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lab.images.apt import Mirrors, mirrors
from lab.images.commands import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.images.buildah import Buildah

BASE_PREFIX = "localhost/clonepool-base-"
_SCRIPTS = Path(__file__).parent / "bases"
_APT_OPTIONS = ('APT::Install-Recommends "false"',)
_DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
)
# What invoke-rc.d of a package's script asks: may daemons start? 101 is no.
_NO_DAEMONS = (
    'cd "$1" && mkdir -p usr/sbin && printf "#!/bin/sh\\nexit 101\\n" > usr/sbin/policy-rc.d'
    " && chmod +x usr/sbin/policy-rc.d"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a base is made of."""

    name: str
    suite: str
    packages: tuple[str, ...]
    security: bool = True
    """Also take the suite's security updates; sid has none of its own."""
    expired_release: bool = False
    """Accept a Release file past its Valid-Until, as frozen mirrors have it; signatures are still checked."""

    @property
    def script(self) -> Path:
        """The shell script that finishes the root tree, given as its one argument."""
        return _SCRIPTS / f"{self.name}.sh"

    def key(self, today: date) -> str:
        """12 hex characters that change with the recipe and with the month."""
        text = "\n".join([repr(self), repr(_DPKG_OPTIONS), self.script.read_text(), f"{today:%Y-%m}"])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def deb_lines(self, at: Mirrors) -> list[str]:
        """The sources of the packages, as lines of sources.list."""
        lines = [f"deb {at.debian} {self.suite} main"]
        return [*lines, f"deb {at.security} {self.suite}-security main"] if self.security else lines


_PHP_EXTENSIONS = ("curl", "gd", "intl", "mbstring", "mysql", "xml", "zip")

WORDPRESS = Recipe(
    name="wordpress",
    suite="trixie",
    packages=(
        "apache2",
        "ca-certificates",
        "libapache2-mod-php",
        "php-cli",
        *(f"php-{extension}" for extension in _PHP_EXTENSIONS),
        "wordpress",
        "wordpress-theme-twentytwentyfive",
    ),
)
# MySQL left Debian's releases for MariaDB; only sid carries it.
MYSQL = Recipe(
    name="mysql",
    suite="sid",
    packages=("mysql-server-core", "mysql-client-core"),
    security=False,
    expired_release=True,
)
# For source sites only. Debian 13 has 11.8: collations (uca1400) and types (uuid, inet6) that MySQL lacks.
MARIADB = Recipe(name="mariadb", suite="trixie", packages=("mariadb-server-core", "mariadb-client-core"))


def base_key(recipe: Recipe) -> str:
    """The key of this month's base."""
    return recipe.key(datetime.now(tz=UTC).date())


def base_ref(recipe: Recipe) -> str:
    """The reference of this month's base in the image store."""
    return f"{BASE_PREFIX}{recipe.name}:{base_key(recipe)}"


def ensure_base(recipe: Recipe, buildah: Buildah, say: Callable[[str], None]) -> str:
    """Return the reference of the recipe's base in the image store, made now if it is not there."""
    ref = base_ref(recipe)
    if not buildah.has(ref):
        say(f"{recipe.name}: making a base from Debian {recipe.suite} (about a minute, once a month)")
        buildah.image_from_tree(ref, lambda root: _bootstrap(recipe, root))
    return ref


def _bootstrap(recipe: Recipe, root: Path) -> None:
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", "--quiet"]
    command += ["--include=" + ",".join(recipe.packages)]
    command += [f"--aptopt={option}" for option in _APT_OPTIONS]
    if recipe.expired_release:
        command += ['--aptopt=Acquire::Check-Valid-Until "false"']
    command += [f"--dpkgopt={option}" for option in _DPKG_OPTIONS]
    command += [f"--setup-hook={_NO_DAEMONS}", f'--customize-hook={recipe.script} "$1"']
    run([*command, recipe.suite, str(root), *recipe.deb_lines(mirrors())])
