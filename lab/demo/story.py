"""One customer's clone, its end, and the next customer in the same pod."""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from lab import settings
from lab.client import Api, ApiProblem, Visitor, wait_until
from lab.demo.inspect import Expected, administrator_faults, page_faults, source_page, traces
from lab.demo.timeline import Timeline
from lab.kubectl import run_in
from lab.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPIRY_SECONDS = 60 + 75  # shortest time to live, and the longest an expired clone may still answer
ONE_POD = ("PoolMin=1", "PoolMax=1", "PoolMaxPods=1")  # so that the next customer gets the same
PLANTED = 2  # files that hold the canary
GONE = 410
NOT_FOUND = 404
STORY_ENDS = (
    ApiProblem,
    TimeoutError,
    AssertionError,
    RuntimeError,
    SystemExit,
    requests.RequestException,
)


@dataclass(slots=True)
class Result:
    """What `.lab/demo.json` says. `leaked` lists every trace of the first clone seen in the second."""

    usable_seconds: float = 0.0
    reset_seconds: float = 0.0
    same_pod: bool = False
    leaked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return self.same_pod and not self.leaked and not self.faults

    def as_json(self, phases: dict[str, float]) -> str:
        """The text of `.lab/demo.json`; `phases` are seconds by name."""
        body = {
            "ok": self.ok,
            "usable_seconds": self.usable_seconds,
            "reset_seconds": self.reset_seconds,
            "same_pod": self.same_pod,
            "leaked": self.leaked,
            "faults": self.faults,
            "phases": phases,
        }
        return json.dumps(body, indent=2) + "\n"


@dataclass(slots=True)
class Story:
    """The demo's steps, in the order they are told."""

    api: Api
    visitor: Visitor
    domain: str
    timeline: Timeline
    result: Result = field(default_factory=Result)

    def tell(self) -> None:
        """All steps. Faults are collected in `result`; what cannot go on raises."""
        first = self.source("demo-first", "medium")
        second = self.source("demo-second", "small")
        expected = {source["name"]: self.expected(source) for source in (first, second)}
        with self.timeline.phase("warm", "waiting for a warm pod"):
            wait_until("a warm pod", self._warm_pod, seconds=180)
        clone = self.clone("first", first, expected["demo-first"])
        canary = self.plant(clone)
        self.end(clone)
        with self.timeline.phase("reset", f"resetting and proving {clone['pod_name']}"):
            self._returned(clone)
        self.timeline.say(f"{clone['pod_name']} is proved clean as generation {clone['generation'] + 1}")
        other = self.clone("second", second, expected["demo-second"])
        self.result.same_pod = (other["pod_name"], other["generation"]) == (
            clone["pod_name"],
            clone["generation"] + 1,
        )
        self.compare(other, expected["demo-first"], canary)

    def source(self, name: str, size: str) -> dict[str, Any]:
        """Start a live site, and register it for a customer of the same name."""
        with self.timeline.phase(f"source {size}", f"a {size} live site to clone ({name})"):
            source = source_up(name, size)
        self.timeline.say(f"{source['url']}")
        self.api.put_source(name, source["url"], source["key"])
        return source

    def expected(self, source: dict[str, Any]) -> Expected:
        """What its front page shows."""
        address = urlsplit(source["url"])
        return source_page(Visitor(self.visitor.ingress, address.scheme), address.hostname or "")

    def clone(self, which: str, source: dict[str, Any], expected: Expected) -> dict[str, Any]:
        """POST, follow, fetch the front page by its public host name, log in."""
        with self.timeline.phase(f"clone {which}", f"POST /clones for customer {source['name']}"):
            start = time.monotonic()
            clone = self.api.create_clone(source["name"], ttl_minutes=1)
            self.visitor.admit(self._host(clone), clone)
            clone = self.timeline.follow(self.api.watch(clone["clone_id"], seconds=180))
            if clone["state"] != "READY":
                raise SystemExit(f"the clone failed: {clone.get('failure')}")
            page = self.visitor.get(self._host(clone))
            usable = round(time.monotonic() - start, 2)
        if which == "first":
            self.result.usable_seconds = usable
        faults = page_faults(page.text, page.status_code, expected)
        faults += administrator_faults(
            self.visitor, self._host(clone), source["admin_user"], source["admin_password"]
        )
        self.result.faults += [f"{which} clone: {fault}" for fault in faults]
        self.timeline.say(f"{clone['public_url']} is up after [bold]{usable:.1f} s[/]: {expected.title}")
        for fault in faults:
            self.timeline.say(f"[bold red]{fault}[/]")
        return clone

    def plant(self, clone: dict[str, Any]) -> str:
        """Leave a mark where only a reset can remove it, as the first customer's site might."""
        canary = f"canary-{secrets.token_hex(12)}"
        uploads = "/var/www/html/wp-content/uploads"
        script = f"mkdir -p {uploads} && echo {canary} >{uploads}/mark.php && echo {canary} >/tmp/mark"
        planted = run_in(clone["pod_name"], "wordpress", ["sh", "-c", script])
        if planted.returncode != 0:
            raise SystemExit(f"could not plant a mark: {planted.stderr.decode(errors='replace')}")
        if len(traces(clone["pod_name"], [canary])) < PLANTED:
            raise SystemExit("the search does not even find what was just planted")
        return canary

    def end(self, clone: dict[str, Any]) -> None:
        """Wait until the clone has expired and nothing of it answers."""
        with self.timeline.phase("expiry", f"waiting for {clone['clone_id']} to expire (1 minute)"):
            wait_until("the clone to expire", lambda: self._expired(clone), seconds=EXPIRY_SECONDS, every=0.5)
            wait_until("its address to go away", lambda: self._unrouted(clone), seconds=75, every=0.5)

    def compare(self, other: dict[str, Any], first: Expected, canary: str) -> None:
        """Look in the second clone for anything of the first."""
        with self.timeline.phase("search", "searching the second clone for anything of the first"):
            texts = [canary, first.source_host, first.title, "demo-first"]
            self.result.leaked = traces(other["pod_name"], texts)
            page = self.visitor.get(self._host(other))
            self.result.leaked += [f"page: {text}" for text in texts if text in page.text]
        self.timeline.say("nothing found" if not self.result.leaked else f"[red]{self.result.leaked}[/]")

    def _host(self, clone: dict[str, Any]) -> str:
        return f"{clone['clone_id']}.{self.domain}"

    def _warm_pod(self) -> str | None:
        return "warm" if self.api.pool()["counts"].get("WARM") else None

    def _expired(self, clone: dict[str, Any]) -> bool:
        try:
            self.api.clone(clone["clone_id"])
        except ApiProblem as problem:
            return problem.status == GONE
        return False

    def _unrouted(self, clone: dict[str, Any]) -> bool:
        return self.visitor.get(self._host(clone)).status_code == NOT_FOUND

    def _returned(self, clone: dict[str, Any]) -> None:
        def proved() -> dict[str, Any] | None:
            try:
                pod = self.api.pod(clone["pod_name"])
            except ApiProblem as problem:
                raise SystemExit(f"{clone['pod_name']} was replaced, not reset: {problem}") from problem
            if pod["state"] == "DELETING":
                raise SystemExit(f"{clone['pod_name']} is being replaced: {pod.get('last_failure')}")
            return pod if pod["state"] == "WARM" and pod["generation"] > clone["generation"] else None

        pod = wait_until("the pod to be warm again", proved, seconds=120)
        self.result.reset_seconds = round(pod["proof"]["reset_ms"] / 1000, 2)


def source_up(name: str, size: str) -> dict[str, Any]:
    """Start (or find) a source site; its progress goes to this terminal."""
    command = [sys.executable, "-m", "lab", "source", "up", "--name", name, "--size", size]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the source {name} did not start; see above")
    source: dict[str, Any] = json.loads(done.stdout)
    return source


def main(argv: Sequence[str]) -> int:
    """Bring the lab up with a pool of one pod, and tell the story on it.

    Writes demo.json. Returns 0 only if all of it held.
    """
    parser = argparse.ArgumentParser(prog="python -m lab demo", description=__doc__)
    parser.add_argument("--out", type=Path, help="where the result is written (default: in the lab's folder)")
    options = parser.parse_args(argv)
    timeline = Timeline()
    lab = Lab.here()
    with timeline.phase("lab up", "the lab: Kubernetes, DynamoDB, the functions"):
        lab.up(settings.overrides(ONE_POD))
    story = _story(lab, timeline)
    try:
        story.tell()
    except STORY_ENDS as error:
        story.result.faults.append(str(error))
        timeline.say(f"[bold red]{error}[/]")
    timeline.table()
    _conclude(story, options.out or lab.paths.home / "demo.json")
    return 0 if story.result.ok else 1


def _story(lab: Lab, timeline: Timeline) -> Story:
    environment = lab.variables()
    return Story(
        Api(environment["CLONEPOOL_API_URL"]),
        Visitor(environment["CLONEPOOL_INGRESS"]),
        environment["CLONEPOOL_DOMAIN"],
        timeline,
    )


def _conclude(story: Story, out: Path) -> None:
    result, say = story.result, story.timeline.console.print
    out.write_text(result.as_json(story.timeline.phases))
    verdict = "[bold green]all of it held[/]" if result.ok else "[bold red]it did not hold[/]"
    say(
        f"\nusable in {result.usable_seconds:.1f} s, reset in {result.reset_seconds:.1f} s: {verdict} ({out})"
    )
    say("The lab is still up: `make lab-status` shows it, `make lab-down` removes it.")


def shown(path: Path) -> str:
    """A path as a reader at this prompt would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
