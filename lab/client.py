"""Talk to a running installation as its users do: the HTTPS API as a service, the ingress as a visitor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT_SECONDS = 15
ACCESS_COOKIE = "__Host-clone_access"
UNSETTLED = ("CREATING", "ASSIGNED", "READY", "RESETTING", "DELETING")
"""States of a pod in which something is going on, or somebody has it."""


class ApiProblem(Exception):
    """An application/problem+json answer: `status`, stable `code`, and what to do."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.detail = str(body.get("detail", ""))
        super().__init__(f"{status} {self.code}: {self.detail}")


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP API. Answers are the JSON bodies as dicts; everything else raises ApiProblem."""

    base_url: str

    def put_source(self, customer_id: str, url: str, key: str) -> dict[str, Any]:
        """Register the customer's live site and its export key."""
        return self.call("PUT", f"/customers/{customer_id}/source", {"url": url, "key": key})

    def create_clone(self, customer_id: str, **options: Any) -> dict[str, Any]:
        """Ask for a clone; options are fields of the body, like `ttl_minutes`."""
        return self.call("POST", "/clones", {"customer_id": customer_id, **options})

    def clone(self, clone_id: str) -> dict[str, Any]:
        """The clone as it is now."""
        return self.call("GET", f"/clones/{clone_id}")

    def fidelity(self, clone_id: str) -> dict[str, Any]:
        """The whole report of the clone's import."""
        report: dict[str, Any] = self.call("GET", f"/clones/{clone_id}/fidelity")["fidelity"]
        return report

    def release(self, clone_id: str) -> None:
        """Give the clone up."""
        self.call("DELETE", f"/clones/{clone_id}")

    def login_link(self, clone_id: str) -> dict[str, Any]:
        """`url` that logs an administrator in once, until `expires_at`."""
        return self.call("POST", f"/clones/{clone_id}/login")

    def pool(self) -> dict[str, Any]:
        """Counts, policy and decisions."""
        return self.call("GET", "/pool")

    def pool_at_rest(self, warm: int = 1) -> dict[str, Any] | None:
        """The pool, if nothing goes on in it and at least so many pods are warm."""
        pool = self.pool()
        counts = pool["counts"]
        settled = not any(counts.get(state, 0) for state in UNSETTLED)
        return pool if settled and counts.get("WARM", 0) >= warm else None

    def pod(self, pod_name: str) -> dict[str, Any]:
        """One pod with its proof."""
        return self.call("GET", f"/pool/pods/{pod_name}")

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request. Raises ApiProblem for every status of 400 and above."""
        answer = requests.request(method, self.base_url + path, json=body, timeout=TIMEOUT_SECONDS)
        content: dict[str, Any] = answer.json() if answer.content else {}
        if answer.status_code >= requests.codes.bad_request:
            raise ApiProblem(answer.status_code, content)
        return content

    def watch(self, clone_id: str, *, seconds: float, every: float = 0.2) -> Iterator[dict[str, Any]]:
        """Yield the clone at each look until it is READY or FAILED. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            clone = self.clone(clone_id)
            yield clone
            if clone["state"] in {"READY", "FAILED"}:
                return
            time.sleep(every)
        raise TimeoutError(f"clone {clone_id} is still {clone['state']} after {seconds:.0f} s")

    def until_ready(self, clone_id: str, *, seconds: float = 180) -> dict[str, Any]:
        """The READY clone. Raises AssertionError naming the failure, or TimeoutError."""
        *_, clone = self.watch(clone_id, seconds=seconds)
        if clone["state"] != "READY":
            raise AssertionError(f"clone {clone_id} failed: {clone.get('failure')}")
        return clone

    def until_complete(self, clone_id: str, *, seconds: float = 180) -> dict[str, Any]:
        """The READY clone once its import has ended: no more files follow. Raises as `until_ready`."""
        self.until_ready(clone_id, seconds=seconds)
        return wait_until(
            f"all files of {clone_id}",
            lambda: clone if (clone := self.clone(clone_id))["progress"]["phase"] == "done" else None,
            seconds=seconds,
        )


@dataclass(slots=True)
class Visitor:
    """A browser without a screen, keeping cookies by host.

    Attributes:
        ingress: `host:port` where every host is asked for, by plain HTTP; empty: each where DNS has it.
        scheme: how hosts are reached that DNS has.
    """

    ingress: str
    scheme: str = "https"
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, host: str, path: str = "/") -> requests.Response:
        """Open a page; redirects are not followed."""
        return self._send("GET", host, path, None)

    def post(self, host: str, path: str, form: dict[str, str]) -> requests.Response:
        """Send a form."""
        return self._send("POST", host, path, form)

    def admit(self, host: str, clone: dict[str, Any]) -> None:
        """Keep the cookie of a private clone, which its `access_url` would set; of a public one, nothing."""
        query = parse_qs(urlsplit(clone.get("access_url", "")).query)
        for token in query.get("token", []):
            self.cookies.setdefault(host, {})[ACCESS_COOKIE] = token

    def login(self, host: str, user: str, password: str, prefix: str = "") -> requests.Response:
        """Log in at wp-login.php and open the dashboard; returns the dashboard's answer."""
        self.get(host, f"{prefix}/wp-login.php")
        self.post(host, f"{prefix}/wp-login.php", {"log": user, "pwd": password, "wp-submit": "Log In"})
        return self.get(host, f"{prefix}/wp-admin/")

    def _send(self, method: str, host: str, path: str, form: dict[str, str] | None) -> requests.Response:
        # Cookies are kept by hand: they are marked Secure, and the hop behind the TLS balancer is plain HTTP.
        jar = self.cookies.setdefault(host, {})
        answer = requests.request(
            method,
            (f"http://{self.ingress}" if self.ingress else f"{self.scheme}://{host}") + path,
            headers={"Host": host, "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())},
            data=form,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        jar.update(answer.cookies.get_dict())
        return answer


class _Title(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.inside or (tag == "title" and not self.text)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.text += data


def title_of(html: str) -> str:
    """The text of the page's first <title>."""
    parser = _Title()
    parser.feed(html)
    return " ".join(parser.text.split())


def wait_until[T](what: str, look: Callable[[], T | None], *, seconds: float, every: float = 0.25) -> T:
    """Call `look` until it returns something true. Raises TimeoutError that names what was waited for."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(every)
    return found
