"""What a source's address must look like. Whether it may be reached, the agent decides, in the pod."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

from clonepool.errors import InvalidUrl

MAX_URL = 2048


def check_source_url(url: str) -> str:
    """Return the URL in one spelling: lower-case scheme and host, no trailing slash.

    Raises:
        InvalidUrl: not an absolute http or https URL with a host, or one with user, query or fragment.
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise InvalidUrl("url must begin with http:// or https://.")
    if not parts.hostname:
        raise InvalidUrl(
            "url has no host; give the address of the WordPress site, like https://shop.example.com."
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidUrl("url must not carry a user or password; the export key is what opens the source.")
    if parts.query or parts.fragment:
        raise InvalidUrl("url must be the address of the site itself, without '?' or '#'.")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL:
        raise InvalidUrl(f"url must be at most {MAX_URL} characters long.")
    if any(ch <= " " or ch in "\x7f\\" for ch in url):
        raise InvalidUrl("url must not hold spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  the property is what checks the port
    except ValueError as error:
        raise InvalidUrl("url is malformed; give it like https://shop.example.com:8443/blog.") from error
    return parts
