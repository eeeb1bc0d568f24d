"""One cycle: lease, plant, return, search; and the same with a wipe that is broken on purpose."""

from __future__ import annotations

import secrets
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bench.leak.places import DATABASE, PLACES, SEARCHED, SITE, Place
from lab.client import ApiProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.leak.installation import Installation

HOOKS_FILE = {SITE: "/var/www/.leakhooks", DATABASE: "/var/lib/mysql/.leakhooks"}
OUTSIDE = {
    "route": "Service and Ingress of the lease are gone",
    "labels": "the pod's labels name no clone",
    "secret": "the password is another one, and the old one is refused",
    "node_log": "kept on the node until it rotates, out of every pod's reach",
}
MAX_TRIES = 12


@dataclass
class Row:
    """What became of one place.

    Attributes:
        planted: whether something was left there; False where nothing can be.
        found: whether the next customer, or a search of the raw volumes, found it.
        check: what covers it.
    """

    place: str
    planted: bool
    found: bool
    check: str
    note: str = ""


@dataclass
class Cycle:
    """One lease and what followed.

    Attributes:
        outcome: `reset`, or `replaced` where the pod was found dirty or not worth a reset.
    """

    outcome: str
    same_pod_again: bool
    rows: list[Row] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing was found, everything was tried."""
        return not any(row.found for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ok": self.ok}


def run(installation: Installation, places: Sequence[Place] = PLACES) -> Cycle:
    """Plant as A, return, search the warm pod; lease as B until it has the same pod, and search as B."""
    first = installation.lease("a")
    canary = f"canary_{secrets.token_hex(6)}"
    planted = plant(installation, first["pod_name"], canary, places)
    before = _before(installation, first["pod_name"])
    installation.release(first)
    pod = installation.after(first)
    if pod is None or pod["state"] == "QUARANTINED":
        rows = [Row(p.name, planted[p.name], found=False, check=p.check) for p in places]
        return Cycle("replaced", same_pod_again=False, rows=rows)
    second = _same_pod(installation, first["pod_name"])
    found = search(installation, first["pod_name"], canary, places)
    rows = [Row(p.name, planted[p.name], p.name in found, p.check) for p in places]
    rows += _outside(installation, first, before, canary)
    if second:
        installation.release(second)
        installation.after(second)
    return Cycle("reset", same_pod_again=second is not None, rows=rows)


def broken(installation: Installation, hook: str, places: Iterable[Place]) -> dict[str, Any]:
    """Leave the places of one hook uncleaned: each of their checks must say so, and nobody get the pod."""
    places = list(places)
    clone = installation.lease("broken")
    pod_name = clone["pod_name"]
    planted = plant(installation, pod_name, f"canary_{secrets.token_hex(6)}", places)
    for container in {place.container for place in places} | {SITE}:
        # with another's rows or files the page is never the pristine one, and the verifier would wait for it
        installation.shell(pod_name, container, f"echo {hook} page > {HOOKS_FILE[container]}")
    installation.release(clone)
    pod = installation.after(clone)
    checks = ((pod or {}).get("evidence") or {}).get("checks", {})
    expected = sorted({place.check for place in places})
    fired = sorted(name for name, check in checks.items() if check.get("ok") is not True)
    if pod and pod["state"] == "QUARANTINED":
        installation.api.call("DELETE", f"/pool/pods/{pod_name}")
    return {
        "hook": hook,
        "planted": sorted(name for name, there in planted.items() if there),
        "expected": expected,
        "fired": fired,
        "state": pod["state"] if pod else "DELETED",
        "ok": all(planted.values()) and set(expected) <= set(fired),
    }


def plant(installation: Installation, pod_name: str, canary: str, places: Iterable[Place]) -> dict[str, bool]:
    """Plant in each place; by its name, whether that left something."""
    scripts: dict[str, list[str]] = defaultdict(list)
    for place in places:
        # `&` would let a plant outlive the shell; a subshell keeps its variables and failures to itself
        scripts[place.container].append(
            f"( C={canary}_{place.name}; {place.plant} ) </dev/null >/dev/null 2>&1; echo {place.name} $?"
        )
    left = {}
    for container, lines in scripts.items():
        for answer in installation.shell(pod_name, container, "\n".join(lines)).splitlines():
            name, _, code = answer.rpartition(" ")
            left[name] = code == "0"
    return left


def search(installation: Installation, pod_name: str, canary: str, places: Iterable[Place]) -> set[str]:
    """Names of the places whose canary is anywhere in the pod, or whose own look finds something."""
    found = set()
    for container, directories in SEARCHED.items():
        output = installation.shell(pod_name, container, _search_script(canary, directories))
        found |= {token.removeprefix(f"{canary}_") for token in output.split()}
    looks = [place for place in places if place.look and not place.name.startswith("opcode")]
    for container in (SITE, DATABASE):
        lines = [
            f'[ -n "$( {{ {place.look}; }} 2>/dev/null </dev/null )" ] && echo {place.name}'
            for place in looks
            if place.container == container
        ]
        found |= set(installation.shell(pod_name, container, "\n".join([*lines, "true"])).split())
    return found


def _search_script(canary: str, directories: str) -> str:
    """Names, contents, and what processes are called. The pattern does not match itself."""
    pattern = f"{canary[:-1]}[{canary[-1]}]_[a-z0-9_]*"
    return f"""
        {{ find {directories} 2>/dev/null
           cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/comm 2>/dev/null | tr '\\0' '\\n'
           cat /proc/sysvipc/*
        }} | grep -aoE '{pattern}' | sort -u
        grep -raohE '{pattern}' {directories} 2>/dev/null | sort -u
    """


def _before(installation: Installation, pod_name: str) -> dict[str, str]:
    look = next(place.look for place in PLACES if place.name == "opcode_cache")
    return {
        "password": installation.shell(pod_name, SITE, "cat /etc/clone/db-password"),
        "apache": installation.shell(pod_name, SITE, look),
    }


def _outside(
    installation: Installation, lease: dict[str, Any], before: dict[str, str], canary: str
) -> list[Row]:
    """What is not in the pod's volumes."""
    pod_name, clone_id = lease["pod_name"], lease["clone_id"]
    now = _before(installation, pod_name)
    routes = [one["metadata"]["name"] for one in installation.objects("services,ingresses")]
    pods = installation.objects("pods")
    labels = next(one["metadata"]["labels"] for one in pods if one["metadata"]["name"] == pod_name)
    login = (
        f"MYSQL_PWD='{before['password']}' mysql --no-defaults -h127.0.0.1 -uwordpress "
        "-e 'SELECT 1' >/dev/null 2>&1 && echo in; true"
    )
    let_in = bool(installation.shell(pod_name, DATABASE, login).strip())
    kept = any(canary in installation.logs(pod_name, container) for container in (SITE, DATABASE))
    return [
        Row("route", planted=True, found=clone_id in routes, check="unroute", note=OUTSIDE["route"]),
        Row(
            "labels",
            planted=True,
            found=labels.get("clone-id") == clone_id,
            check="label",
            note=OUTSIDE["labels"],
        ),
        Row(
            "secret",
            planted=True,
            found=let_in or now["password"] == before["password"],
            check="mysql.old_password",
            note=OUTSIDE["secret"],
        ),
        Row(
            "server_memory",
            planted=True,
            found=now["apache"] == before["apache"],
            check="wordpress.caches",
            note="Apache is another process",
        ),
        Row("node_log", planted=kept, found=False, check="none", note=OUTSIDE["node_log"]),
    ]


def _same_pod(installation: Installation, pod_name: str) -> dict[str, Any] | None:
    """A clone of the next customer's in the same pod; None if it goes elsewhere again and again."""
    others = []
    try:
        for _ in range(MAX_TRIES):
            clone = installation.lease("b")
            if clone["pod_name"] == pod_name:
                return clone
            others.append(clone)
    except ApiProblem as problem:  # a quota, or no more pods: search without a second lease
        if problem.status < 400:
            raise
    finally:
        for clone in others:
            installation.release(clone)
    return None
