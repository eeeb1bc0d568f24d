"""`python -m lab.images.server`: where the mysqld of a clone's pod lies as a program of this machine.

Tests start it. It is of another Debian than the machine, so it brings its libraries and their loader.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from lab.images.bases import MYSQL, base_key, ensure_base
from lab.images.buildah import Buildah, alone
from lab.images.commands import CommandFailed
from lab.images.inputs import cache, short

_PARTS = ("usr/sbin/mysqld", "usr/lib", "usr/lib64", "usr/share/mysql")
_START = """#!/bin/sh
# The loader by its name, so that no library of this machine is taken; no folder and socket of Debian's.
here=$(dirname "$(readlink -f "$0")")/usr
set -- "$@" --basedir="$here" --secure-file-priv=NULL --mysqlx=OFF
libraries=$(printf '%s:' "$here"/lib/*-linux-gnu* "$here"/lib)
for loader in "$here"/lib64/ld-linux-*.so.* "$here"/lib/ld-linux-*.so.*; do
    [ ! -f "$loader" ] || exec "$loader" --library-path "$libraries" "$here/sbin/mysqld" "$@"
done
echo "no loader below $here" >&2
exit 1
"""


def ensure_mysqld() -> Path:
    """Return the program, made now from the base of the mysql image if the cache does not have this month's.

    Raises:
        CommandFailed: the base cannot be made here; the message says why.
    """
    folder = cache() / "mysqld" / short(base_key(MYSQL), _START)
    images = cache() / "images"
    with alone(images):
        if not folder.is_dir():
            buildah = Buildah(images)
            base = ensure_base(MYSQL, buildah, lambda line: print(line, file=sys.stderr, flush=True))
            with buildah.tree(base) as root:
                _keep_only(folder, root)
    return folder / "mysqld"


def _keep_only(folder: Path, root: Path) -> None:
    """Copy the server into `folder`, whole or not at all, and remove those of former months."""
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        half = Path(scratch) / "half"
        for part in filter(lambda part: (root / part).exists(), _PARTS):
            _copy(root / part, half / part)
        program = half / "mysqld"
        program.write_text(_START)
        program.chmod(0o755)
        for old in folder.parent.iterdir():
            if old != Path(scratch):
                shutil.rmtree(old)
        half.rename(folder)


def _copy(there: Path, here: Path) -> None:
    here.parent.mkdir(parents=True, exist_ok=True)
    if there.is_dir():
        shutil.copytree(there, here, symlinks=True)
    else:
        shutil.copy2(there, here)


def main() -> int:
    """Print the program's path; progress goes to standard error."""
    try:
        print(ensure_mysqld())
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
