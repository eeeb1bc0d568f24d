"""Plant, and search: the same search before the return, where it must find all, and after, where nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bench.leak.database import DATABASE_PLACES, WRITE_ALL_PAGES
from bench.leak.places import DATABASE, SITE, Place
from bench.leak.site import SITE_PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.leak.installation import Installation

ALL: tuple[Place, ...] = (*SITE_PLACES, *DATABASE_PLACES)
PLACES = tuple(place for place in ALL if not place.lethal)
LETHAL = tuple(place for place in ALL if place.lethal)

_BOTH = "/tmp /run/clone /dev/shm /dev/mqueue /dev/termination-log /etc/clone"  # noqa: S108
SEARCHED = {SITE: f"/var/www {_BOTH}", DATABASE: f"/var/lib/mysql {_BOTH}"}
"""By container, every mount that its user can write to, and the Secret."""
COMPLAINT = "! "


class NotSearched(Exception):
    """A search could not look everywhere: what it did not find may be there."""


def plant(installation: Installation, pod_name: str, canary: str, places: Iterable[Place]) -> dict[str, bool]:
    """Plant in each place; by its name, whether that left something."""
    scripts: dict[str, list[str]] = defaultdict(list)
    for place in places:
        # a subshell keeps its variables and failures to itself
        scripts[place.container].append(
            f"( C={canary}_{place.name}; {place.plant} ) </dev/null >/dev/null 2>&1; echo {place.name} $?"
        )
    left = {}
    for container, lines in scripts.items():
        for answer in installation.shell(pod_name, container, "\n".join(lines)).splitlines():
            name, _, code = answer.rpartition(" ")
            left[name] = code == "0"
    installation.shell(pod_name, DATABASE, WRITE_ALL_PAGES)
    return left


def control(installation: Installation, pod_name: str, canary: str, places: Sequence[Place]) -> set[str]:
    """Names of the places where what was planted is found: by the look if there is one, else by its bytes."""
    raw = _raw(installation, pod_name, canary, all_readable=False)
    looked = _looks(installation, pod_name, canary, places)
    return {place.name for place in places if place.name in (looked if place.look else raw)}


def search(installation: Installation, pod_name: str, canary: str, places: Sequence[Place]) -> set[str]:
    """Names of the places whose canary is anywhere, or whose look finds something. Raises NotSearched."""
    raw = _raw(installation, pod_name, canary, all_readable=True)
    return raw | _looks(installation, pod_name, canary, places)


def _looks(installation: Installation, pod_name: str, canary: str, places: Iterable[Place]) -> set[str]:
    found: set[str] = set()
    for container in (SITE, DATABASE):
        lines = [
            f"C={canary}_{place.name}; "
            f'[ -n "$( {{ {place.look}; }} 2>/dev/null </dev/null )" ] && echo {place.name}'
            for place in places
            if place.look and place.container == container
        ]
        found |= set(installation.shell(pod_name, container, "\n".join([*lines, "true"])).split())
    return found


def _raw(installation: Installation, pod_name: str, canary: str, *, all_readable: bool) -> set[str]:
    found: set[str] = set()
    for container, directories in SEARCHED.items():
        lines = installation.shell(pod_name, container, search_script(canary, directories)).splitlines()
        complaints = [line for line in lines if line.startswith(COMPLAINT)]
        if complaints and all_readable:
            raise NotSearched(f"{pod_name} {container}: {'; '.join(complaints[:5])}")
        found |= {line.removeprefix(f"{canary}_") for line in lines if not line.startswith(COMPLAINT)}
    return found


def search_script(canary: str, directories: str) -> str:
    """Names, contents, and what processes are called; complaints are marked.

    The pattern does not match itself. Files may go while one looks, and the agent's own processes show nobody
    their environment: neither is a complaint.
    """
    pattern = f"{canary[:-1]}[{canary[-1]}]_[a-z0-9_]*"
    return f"""
        exec 3>&1
        {{
            find {directories} | grep -aoE '{pattern}' >&3
            grep -raohE '{pattern}' {directories} >&3
            cat /proc/sysvipc/* | grep -aoE '{pattern}' >&3
        }} 2>&1 | grep -v 'No such file or directory' | sed 's/^/{COMPLAINT}/'
        cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>/dev/null |
            tr '\\0' '\\n' | grep -aoE '{pattern}'
        true
    """
