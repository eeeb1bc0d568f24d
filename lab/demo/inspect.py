"""What a visitor and an auditor find in a clone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.client import Visitor, title_of
from lab.kubectl import run_in

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH_TRIES = 3
PLACES = {
    "wordpress": ("/var/www", "/tmp", "/run/clone", "/dev/shm"),  # noqa: S108 - looked into, not written
    "mysql": ("/var/lib/mysql", "/tmp", "/run/clone", "/dev/shm"),  # noqa: S108
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the source's front page shows, to be found in the clone's."""

    title: str
    posts: tuple[str, ...]
    source_host: str


def source_page(visitor: Visitor, host: str, path: str = "/") -> Expected:
    """Read the source's own front page: its title and the headings of its posts."""
    page = visitor.get(host, path)
    page.raise_for_status()
    return Expected(title_of(page.text), tuple(post_titles(page.text)[:5]), host)


def post_titles(html: str) -> list[str]:
    """Texts of the links inside `wp-block-post-title` or `entry-title` headings, in page order."""
    found = []
    for piece in html.split("<h")[1:]:
        heading = piece.split("</h", 1)[0]
        if "post-title" in heading or "entry-title" in heading:
            text = heading.rsplit("</a>", 1)[0].rsplit(">", 1)[-1].strip()
            if text:
                found.append(text)
    return found


def page_faults(html: str, status: int, expected: Expected) -> list[str]:
    """Every way in which a clone's front page is not the source's."""
    faults = []
    if status != 200:  # noqa: PLR2004
        faults.append(f"the front page answered {status}")
    if title_of(html) != expected.title:
        faults.append(f"the title is {title_of(html)!r}, the source's is {expected.title!r}")
    if not expected.posts:
        faults.append("no post was found on the source's front page")
    faults += [f"the post {post!r} is missing" for post in expected.posts if post not in html]
    if expected.source_host in html:
        faults.append(f"the address of the source ({expected.source_host}) is in the HTML")
    return faults


def administrator_faults(
    visitor: Visitor, host: str, user: str, password: str, prefix: str = ""
) -> list[str]:
    """Whether the source's administrator gets to the clone's dashboard; `prefix` is a network's folder."""
    dashboard = visitor.login(host, user, password, prefix)
    if dashboard.status_code == 200 and "wp-admin-bar" in dashboard.text:  # noqa: PLR2004
        return []
    where = f" to {dashboard.headers['Location']}" if "Location" in dashboard.headers else ""
    return [f"{user} cannot log in: the dashboard answered {dashboard.status_code}{where}"]


def traces(pod: str, canaries: Sequence[str]) -> list[str]:
    """Files of either container that hold one of the texts, found by raw search of every writable place.

    Raises RuntimeError if a search could not run: no answer is not a clean answer.
    """
    found = []
    patterns = [part for canary in canaries for part in ("-e", canary)]
    for container, places in PLACES.items():
        found += [f"{container}:{line}" for line in _search(pod, container, [*patterns, *places])]
    return found


def _search(pod: str, container: str, arguments: Sequence[str]) -> list[str]:
    for _ in range(SEARCH_TRIES):
        search = run_in(pod, container, ["grep", "-rlaF", *arguments])
        if search.returncode in {0, 1}:  # 1: nothing found; 2: also when a temporary file went away meanwhile
            return search.stdout.decode(errors="replace").splitlines()
    complaint = search.stderr.decode(errors="replace")[:300]
    raise RuntimeError(f"the search in {container} failed: {complaint}")
