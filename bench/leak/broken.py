"""The same with a wipe broken on purpose: every check of the proof must have fired once. The lab only.

What the agent wipes, it leaves uncleaned by a hook of a test build. What the site itself can spoil is spoilt.
What the functions take away is held by whoever runs the cluster: by a finalizer, or put back afterwards.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bench.leak import outside, unfit
from bench.leak.cycle import canary_of_its_own
from bench.leak.places import DATABASE, SITE, Place
from bench.leak.search import ALL, LETHAL, control, plant
from lab.client import ApiProblem, wait_until
from lab.errors import LabError
from lab.node import pid1_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bench.leak.installation import Installation

HOOKS_FILE = {SITE: "/var/www/.leakhooks", DATABASE: "/var/lib/mysql/.leakhooks"}
# A child of the shell would be a process of the container, and those may ask for files only.
AGENT_STATUS = "exec /usr/local/bin/clone-agent status"
FINALIZER = "clonepool.io/leak-test"
HELD = {"services": "service", "ingresses": "ingress", "networkpolicies": "network_policy"}
"""Kinds of objects that outlive a lease here, and the place that has to say so."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing left undone, and which checks said so."""

    broken: str
    expected: list[str]
    fired: list[str]
    unplanted: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Everything was there, and each check that covers it has fired."""
        return not self.unplanted and set(self.expected) <= set(self.fired)


def runs(only: str | None) -> Iterator[Callable[[Installation], Result]]:
    """One for each thing that can be left undone."""

    def hook(place: Place) -> str:
        return place.hook or ""

    for name, places in groupby(sorted(ALL, key=hook), key=hook):
        if name and only in {None, name}:
            yield _hooked(name, list(places))
    for name, run in (("limits", _limits), ("order", _order), ("unfit", _unfit), ("routes", _routes)):
        if only in {None, name}:
            yield run


def wait_for_hooks(installation: Installation) -> None:
    """Until every warm pod is of the current template: one from before has an agent that knows no hooks."""

    def current() -> bool:
        pool = installation.api.pool_at_rest()
        warm = installation.api.call("GET", "/pool/pods?state=WARM")["pods"]
        return pool is not None and all(one["template_hash"] == pool["current_template"] for one in warm)

    wait_until("warm pods of the current template alone", current, seconds=300)


def checks_of_a_clean_pod(installation: Installation) -> set[str]:
    """Every check that a proof has."""
    warm = installation.api.call("GET", "/pool/pods?state=WARM")["pods"]
    return set(installation.api.pod(warm[0]["pod_name"])["proof"]["checks"])


def _hooked(hook: str, places: list[Place]) -> Callable[[Installation], Result]:
    def run(installation: Installation) -> Result:
        clone, unplanted = _used(installation, places)
        for container in {place.container for place in places} | {SITE}:
            # with another's rows or files the page is never the pristine one, for which the verifier waits
            script = f"echo {hook} page > {HOOKS_FILE[container]}"
            installation.shell(clone["pod_name"], container, script)
        expected = {place.check for place in places} | ({"wordpress.page"} if hook == "datadir" else set())
        return Result(hook, sorted(expected), _returned(installation, clone), unplanted)

    return run


def _limits(installation: Installation) -> Result:
    """No hook: the site does it, in any pod."""
    clone, unplanted = _used(installation, LETHAL)
    expected = [place.check for place in LETHAL]
    return Result("limits", expected, _returned(installation, clone), unplanted)


def _order(installation: Installation) -> Result:
    """The agent beside the site sleeps until mysqld has taken the new password."""
    clone, _ = _used(installation, [])
    pods = {one["metadata"]["name"]: one["metadata"]["uid"] for one in installation.objects("pods")}
    with _asleep(pid1_of(pods[clone["pod_name"]], "apache2")):
        installation.release(clone)

        def served() -> bool:
            try:
                status = json.loads(installation.shell(clone["pod_name"], DATABASE, AGENT_STATUS))
            except LabError:  # the reset kills whatever runs in the pod, this command too
                return False
            return bool(status["generation"] > clone["generation"] and status["phase"] == "serving")

        wait_until("mysqld to take the new password", served, seconds=30)
    return Result("order", ["pod.order"], _fired(installation, clone))


@contextmanager
def _asleep(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _unfit(installation: Installation) -> Result:
    return Result("unfit", sorted(unfit.EXPECTED), unfit.checks_fired(installation))


def _routes(installation: Installation) -> Result:
    """As if no function had taken away what is outside of the pod."""
    clone, _ = _used(installation, [])
    trace = outside.begin(installation, clone, canary_of_its_own())
    with _held(installation, trace):
        installation.release(clone)
        installation.after(clone)
        installation.change("label", "pod", clone["pod_name"], f"clone-id={clone['clone_id']}", "--overwrite")
        names = {*HELD.values(), "labels"}
        fired = sorted(p.name for p in outside.PLACES if p.name in names and p.there(trace))
    installation.change("label", "pod", clone["pod_name"], "clone-id-")
    return Result("routes", sorted(names), fired)


@contextmanager
def _held(installation: Installation, trace: outside.Trace) -> Iterator[None]:
    """Objects of the lease that are deleted meanwhile stay where they are until the end of this."""
    held = [
        f"{kind}/{one['metadata']['name']}"
        for kind in HELD
        for uid in trace.objects(kind)
        for one in installation.objects(kind)
        if one["metadata"]["uid"] == uid
    ]
    _finalizers(installation, held, [FINALIZER])
    try:
        yield
    finally:
        _finalizers(installation, held, [])


def _finalizers(installation: Installation, objects: Iterable[str], finalizers: list[str]) -> None:
    patch = json.dumps({"metadata": {"finalizers": finalizers}})
    for name in objects:
        installation.change("patch", name, "--type=merge", f"--patch={patch}")


def _used(installation: Installation, places: Iterable[Place]) -> tuple[dict[str, Any], list[str]]:
    """A clone in which everything is planted, and what is not there although it should be."""
    clone, places = installation.lease("broken"), list(places)
    canary = canary_of_its_own()
    plant(installation, clone["pod_name"], canary, places)
    there = control(installation, clone["pod_name"], canary, places)
    return clone, sorted({place.name for place in places} - there)


def _returned(installation: Installation, clone: dict[str, Any]) -> list[str]:
    installation.release(clone)
    return _fired(installation, clone)


def _let_go(installation: Installation, pod: dict[str, Any]) -> bool:
    """False while the function that put it into quarantine still writes to its row, as the API then says."""
    try:
        installation.api.call("DELETE", f"/pool/pods/{pod['pod_name']}")
    except ApiProblem as problem:
        if problem.code != "store_busy":
            raise
        return False
    return True


def _fired(installation: Installation, clone: dict[str, Any]) -> list[str]:
    """The checks that found something; the pod is let go then."""
    pod = installation.after(clone)
    checks = ((pod or {}).get("evidence") or {}).get("checks", {})
    if pod and pod["state"] == "QUARANTINED":
        wait_until(f"{pod['pod_name']} to be let go", lambda: _let_go(installation, pod), seconds=30, every=1)
    return sorted(name for name, check in checks.items() if check.get("ok") is not True)
