"""How long a clone takes, beside the flow it replaces: `make bench-clone`.

Both clone the same sources on the same lab, in turns. The clock runs from the order (POST /clones; the first
command of the old flow) to the first answer of the clone's address, through the ingress, that is the source's
front page.
"""

from __future__ import annotations

import argparse
import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from bench import figures
from bench.old_flow import OldFlow
from bench.pods import Pods
from lab.client import Api, ApiProblem, Visitor, title_of, wait_until
from lab.demo.story import source_up
from lab.lab import Lab

SIZES = ("small", "medium", "large")
LIMIT_SECONDS = 600
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Run:
    """One clone: seconds to usable and to complete, of its phases, and of its pod if that had to be made."""

    usable: float
    complete: float
    phases: dict[str, float] = field(default_factory=dict)
    new_pod: float = 0.0


@dataclass(slots=True)
class Bench:
    """The lab, and what is measured on it."""

    api: Api
    visitor: Visitor
    domain: str
    pods: Pods

    def compare(self, size: str, runs: int) -> dict[str, Any]:
        """Both flows in turns, `runs` times each."""
        source = source_up(f"bench-{size}", size)
        host = source["url"].removeprefix("http://")
        title = title_of(self.visitor.get(host).text)
        ours, old = [], []
        for number in range(1, runs + 1):
            ours.append(self.clone(source, title))
            old.append(self.old_flow(source, title))
            print(
                f"{size} {number}/{runs}: usable {ours[-1].usable:.2f} s, "
                f"complete {ours[-1].complete:.2f} s, old flow {old[-1].usable:.2f} s",
                flush=True,
            )
        return _result(ours, old)

    def clone(self, source: dict[str, Any], title: str) -> Run:
        """A clone by the API, from a pool at rest."""
        wait_until("a warm pod and a pool at rest", self.api.pool_at_rest, seconds=180)
        customer = f"bench-{secrets.token_hex(4)}"
        self.api.put_source(customer, source["url"], source["key"])
        start = time.monotonic()
        clone = self.api.create_clone(customer, ttl_minutes=30)
        clone_id = clone["clone_id"]
        self.visitor.admit(f"{clone_id}.{self.domain}", clone)
        try:
            usable = self._shown(f"{clone_id}.{self.domain}", title, start)
            clone = self.api.until_complete(clone_id, seconds=LIMIT_SECONDS)
            complete = time.monotonic() - start
            if clone["start"]["kind"] != "warm":
                raise RuntimeError(f"{clone_id} did not start in a warm pod")
        finally:
            with suppress(ApiProblem):
                self.api.release(clone_id)
        return Run(usable, complete, {name: ms / 1000 for name, ms in clone["timings_ms"].items()})

    def old_flow(self, source: dict[str, Any], title: str) -> Run:
        """The old flow into a new pod, which is there and routed before the clock starts."""
        wait_until("a pool at rest", self.api.pool_at_rest, seconds=180)
        start = time.monotonic()
        pod = self.pods.new()
        new_pod = time.monotonic() - start
        name = pod.pod_name
        with ExitStack() as after:
            after.callback(self.pods.delete, pod)
            address = self.pods.lease(pod, name, source["url"])
            flow = OldFlow(source["name"], source["url"], address, pod, f"https://{name}.{self.domain}")
            after.callback(flow.clean)
            flow.open()
            wait_until("the route", lambda: self._title(f"{name}.{self.domain}"), seconds=30)
            start = time.monotonic()
            flow.run()
            took = self._shown(f"{name}.{self.domain}", title, start)
        return Run(took, took, flow.phases, new_pod)

    def _shown(self, host: str, title: str, start: float) -> float:
        """Seconds from `start` until the front page is there and says `title`."""
        wait_until(
            f"the front page of {host}",
            lambda: self._title(host) == title,
            seconds=LIMIT_SECONDS,
            every=LOOK_SECONDS,
        )
        return time.monotonic() - start

    def _title(self, host: str) -> str:
        page = self.visitor.get(host)
        return title_of(page.text) if page.status_code == 200 else ""


def _result(ours: list[Run], old: list[Run]) -> dict[str, Any]:
    """Medians under their own names; the smallest and largest under `spread`."""
    spread = {
        "usable_seconds": figures.spread([run.usable for run in ours]),
        "complete_seconds": figures.spread([run.complete for run in ours]),
        "old_flow_seconds": figures.spread([run.usable for run in old]),
        "new_pod_seconds": figures.spread([run.new_pod for run in old]),
    }
    medians = {name: values["median"] for name, values in spread.items()}
    usable, old_flow = medians["usable_seconds"], medians["old_flow_seconds"]
    return {
        "runs": len(ours),
        **medians,
        "spread": spread,
        "times_as_fast": round(old_flow / usable, 1),
        "times_as_fast_with_new_pod": round((old_flow + medians["new_pod_seconds"]) / usable, 1),
        "times_as_fast_complete": round(old_flow / medians["complete_seconds"], 1),
        "phases": figures.median_by_name([run.phases for run in ours]),
        "old_flow_phases": figures.median_by_name([run.phases for run in old]),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.clone", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="clones of each size and flow (default: 5)")
    parser.add_argument("--sizes", default=",".join(SIZES), help="default: %(default)s")
    options = parser.parse_args()
    sizes = options.sizes.split(",")
    if unknown := set(sizes) - set(SIZES):
        parser.error(f"--sizes: no such size: {', '.join(sorted(unknown))}; there are {', '.join(SIZES)}")
    environment = Lab.here().variables()
    api = Api(environment["CLONEPOOL_API_URL"])
    visitor = Visitor(environment["CLONEPOOL_INGRESS"])
    bench = Bench(api, visitor, environment["CLONEPOOL_DOMAIN"], Pods.of_lab())
    results: dict[str, Any] = {}
    for size in sizes:
        results[size] = {**bench.compare(size, options.runs), "measured_at": figures.now()}
        path = figures.write("clone", results, beside=True)
    _print(results)
    print(f"kept in {path}")


def _print(results: dict[str, Any]) -> None:
    print(f"\n{'seconds':<10}{'usable':>24}{'complete':>24}{'old flow':>24}   times as fast")
    for size, result in results.items():
        cells = [
            result["spread"][name] for name in ("usable_seconds", "complete_seconds", "old_flow_seconds")
        ]
        texts = [f"{cell['median']:.2f} ({cell['min']:.2f}-{cell['max']:.2f})" for cell in cells]
        print(f"{size:<10}" + "".join(f"{text:>24}" for text in texts) + f"{result['times_as_fast']:>16.1f}")


if __name__ == "__main__":
    main()
