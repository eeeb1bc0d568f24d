"""Places that no search of the pod's volumes covers: routes, labels, caches in memory, keys of the lease.

Each is looked at before the return, where it must be there, and after it in the same way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.leak.places import DATABASE, SITE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.leak.installation import Installation

APACHE_STARTED = "awk '{print $22}' /proc/$(cat /run/clone/apache2.pid)/stat"
COMPILED = "leak-compiled.php"
OK = 200


@dataclass(frozen=True, slots=True)
class Outside:
    """One such place.

    Attributes:
        check: the check of the proof that covers it, or what else keeps it apart.
        of_next: can be looked at only where the next customer has the same pod.
    """

    name: str
    check: str
    note: str
    there: Callable[[Trace], bool]
    of_next: bool = False


@dataclass
class Trace:
    """What was seen of the first lease, and who looks now.

    Attributes:
        now: the lease that looks: the first one itself before the return, after it the next one, if any.
    """

    installation: Installation
    lease: dict[str, Any]
    canary: str
    now: dict[str, Any] | None
    seen: dict[str, Any] = field(default_factory=dict)

    def objects(self, kinds: str) -> set[str]:
        """Uids of these objects that are the first lease's."""
        labels = {"pod-name": self.lease["pod_name"], "generation": str(self.lease["generation"])}
        return {
            one["metadata"]["uid"]
            for one in self.installation.objects(kinds)
            if labels.items() <= (one["metadata"].get("labels") or {}).items()
        }

    def shell(self, container: str, script: str) -> str:
        """In the first lease's pod, whoever has it now."""
        return self.installation.shell(self.lease["pod_name"], container, script)

    def visit(self, path: str, cookies: Mapping[str, str], *, admitted: bool = True) -> int:
        """Status of a page of the lease that looks, for who has these cookies and, admitted, its token."""
        assert self.now is not None
        own = self.installation.token_of(self.now) if admitted else {}
        return self.installation.visit(self.now, path, {**cookies, **own}).status_code


def begin(installation: Installation, lease: dict[str, Any], canary: str) -> Trace:
    """Leave traces: a password, a compiled file, a session, a login link nobody used, a line in the log."""
    trace = Trace(installation, lease, canary, lease)
    trace.seen["password"] = trace.shell(SITE, "cat /etc/clone/db-password")
    trace.seen["apache"] = trace.shell(SITE, APACHE_STARTED)
    _compile(trace, "1")
    trace.seen["session"] = installation.log_in(lease)
    trace.seen["link"] = installation.login_path(lease)
    trace.visit(f"/{canary}_node_log", {})
    return trace


def _write(trace: Trace, text: str) -> None:
    """The same path, size and time, other contents."""
    file = f"/var/www/html/{COMPILED}"
    trace.shell(SITE, f"echo '<?php echo \"compiled {text}\";' > {file} && touch -d '2020-01-01 UTC' {file}")


def _ask(trace: Trace) -> str:
    assert trace.now is not None
    own = trace.installation.token_of(trace.now)
    return trace.installation.visit(trace.now, f"/{COMPILED}", own).text


def _compile(trace: Trace, text: str) -> None:
    _write(trace, text)
    for _ in range(2):
        _ask(trace)


def _runs_old_code(trace: Trace) -> bool:
    """Whether another file in the place of the compiled one is taken for it."""
    own = "2" if trace.now is trace.lease else "3"
    _write(trace, own)
    return _ask(trace) in {f"compiled {text}" for text in "12" if text != own}


def _password_lets_in(trace: Trace) -> bool:
    login = (
        f"MYSQL_PWD='{trace.seen['password']}' mysql --no-defaults -h127.0.0.1 -uwordpress "
        "-e 'SELECT 1' >/dev/null 2>&1 && echo in; true"
    )
    return bool(trace.shell(DATABASE, login).strip())


def _secret_is_known(trace: Trace) -> bool:
    return bool(trace.shell(SITE, "cat /etc/clone/db-password") == trace.seen["password"])


def _pod_says_clone(trace: Trace) -> bool:
    pods = {one["metadata"]["name"]: one for one in trace.installation.objects("pods")}
    labels = pods[trace.lease["pod_name"]]["metadata"]["labels"]
    return bool(labels.get("clone-id") == trace.lease["clone_id"])


def _session_lets_in(trace: Trace) -> bool:
    """With the cookies as they are, and as they would be called at the address of the lease that looks."""
    assert trace.now is not None
    old, new = (hashlib.md5(one["public_url"].encode()).hexdigest() for one in (trace.lease, trace.now))  # noqa: S324
    cookies = trace.seen["session"]
    renamed = {name.replace(old, new): value for name, value in cookies.items()}
    return OK in {trace.visit("/wp-admin/", cookies), trace.visit("/wp-admin/", renamed)}


def _link_lets_in(trace: Trace) -> bool:
    """A link of the first lease that nobody has used. Before the return another of its kind has to work."""
    assert trace.now is not None
    if trace.now is trace.lease:
        return bool(trace.installation.log_in(trace.lease))
    answer = trace.installation.visit(trace.now, trace.seen["link"], trace.installation.token_of(trace.now))
    return any(name.startswith("wordpress_") for name in answer.cookies.get_dict())


def _token_lets_in(trace: Trace) -> bool:
    return trace.visit("/", trace.installation.token_of(trace.lease), admitted=False) == OK


def _logged(trace: Trace) -> bool:
    return f"{trace.canary}_node_log" in trace.installation.logs(trace.lease["pod_name"], SITE)


PLACES: tuple[Outside, ...] = (
    Outside("service", "unroute", "gone with the lease", lambda t: bool(t.objects("services"))),
    Outside("ingress", "unroute", "gone with the lease", lambda t: bool(t.objects("ingresses"))),
    Outside("network_policy", "unroute", "gone with the lease", lambda t: bool(t.objects("networkpolicies"))),
    Outside("labels", "label", "the pod's labels name no clone", _pod_says_clone),
    Outside("secret", "generation", "the mounted password is another one", _secret_is_known),
    Outside("old_password", "mysql.old_password", "the server refuses it", _password_lets_in),
    Outside(
        "server_memory",
        "wordpress.caches",
        "Apache is another process",
        lambda t: t.shell(SITE, APACHE_STARTED) == t.seen["apache"],
    ),
    Outside("opcode_cache", "wordpress.caches", "its own file runs", _runs_old_code, of_next=True),
    Outside("login_session", "keys of the lease", "refused by the next site", _session_lets_in, of_next=True),
    Outside("login_link", "keys of the lease", "refused by the next site", _link_lets_in, of_next=True),
    Outside("access_token", "keys of the lease", "refused by the next site", _token_lets_in, of_next=True),
)
NODE_LOG = Outside("node_log", "none", "kept on the node until it rotates, out of every pod's reach", _logged)
