"""How long a reset takes, beside a new pod: `make bench-reset`.

Both go through the Cluster port with the rights of the functions, in turns, and both end with the proof that
the pod is clean. The pod that is reset was used each time: 100 MB of files and a table of 50 MB lie in it.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import figures
from bench.pods import POOL, Pods
from clonepool.adapters.kubernetes.manifests import APP
from clonepool.domain.pods import STATUS_LABEL, PodState
from lab.client import wait_until
from lab.cluster import cgroups, net
from lab.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Callable

_MEGABYTE = 1_000_000
IDLE_SECONDS = 20
"""After which a pod holds nothing of having been made."""
_USED = Path(__file__).parent / "used"


def use(pod_name: str) -> None:
    """Leave in a pod about what a clone of a medium site leaves."""
    Kubectl().execute(pod_name, "wordpress", ["sh", "-c", (_USED / "files.sh").read_text()])
    Kubectl().execute(pod_name, "mysql", ["sh", "-c", (_USED / "rows.sh").read_text()])


def idle_megabytes(pod_name: str) -> float:
    """Working set of both containers of a pod."""
    containers = Kubectl().get("pod", pod_name)["status"]["containerStatuses"]
    held = sum(_working_set(container["containerID"].rpartition("/")[2]) for container in containers)
    return round(held / _MEGABYTE, 1)


def warm_pods() -> list[str]:
    """Names of the warm pods that the functions have made."""
    labels = f"app={APP},pool!={POOL},pool-status={STATUS_LABEL[PodState.WARM]}"
    return [pod["metadata"]["name"] for pod in Kubectl().list("pods", labels)]


def _working_set(container_id: str) -> int:
    """As the kubelet counts it: what is in use but for file pages that could go at once."""
    group = _group(container_id)
    for usage, inactive in (
        ("memory.current", "inactive_file"),
        ("memory.usage_in_bytes", "total_inactive_file"),
    ):
        if (group / usage).exists():
            lines = (group / "memory.stat").read_text().splitlines()
            stat = dict(line.split() for line in lines)
            return int((group / usage).read_text()) - int(stat[inactive])
    raise RuntimeError(f"{group} has no memory controller")


def _group(container_id: str) -> Path:
    for root in cgroups.roots():
        for found in (root / net.CGROUP).glob(f"**/*{container_id}*"):
            if (found / "memory.stat").exists():
                return found
    raise RuntimeError(f"container {container_id} has no cgroup")


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, and what it returned."""
    start = time.monotonic()
    result = action()
    return time.monotonic() - start, result


def measure(pods: Pods, runs: int) -> dict[str, Any]:
    """`runs` resets and new pods, in turns; then the memory of one of each."""
    # A node's first pod: pages of the images' files count as memory of whoever has read them first.
    first = wait_until("a warm pod of the pool", warm_pods, seconds=120)[0]
    used = pods.new()
    resets, news = [], []
    try:
        for number in range(1, runs + 1):
            use(used.pod_name)
            took, used = seconds(partial(pods.reset, used))
            resets.append(took)
            took, new = seconds(pods.new)
            news.append(took)
            pods.delete(new)
            print(f"{number}/{runs}: reset {resets[-1]:.2f} s, new pod {news[-1]:.2f} s", flush=True)
        new = pods.new()
        try:
            time.sleep(IDLE_SECONDS)
            names = {"reset": used.pod_name, "first": first, "new": new.pod_name}
            idle = {kind: idle_megabytes(name) for kind, name in names.items()}
        finally:
            pods.delete(new)
    finally:
        pods.delete(used)
    reset, new_pod = figures.percentiles(resets), figures.percentiles(news)
    return {
        "runs": runs,
        "reset": reset,
        "new_pod": new_pod,
        "times_as_fast": round(new_pod["p50"] / reset["p50"], 1),
        "idle_pod_mb": idle["reset"],
        "idle_pods_mb": idle,
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.reset", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="resets and new pods (default: 20)")
    options = parser.parse_args()
    result = measure(Pods.of_lab(), options.runs)
    for name in ("reset", "new_pod"):
        print(f"{name:<8} p50 {result[name]['p50']:6.2f} s   p95 {result[name]['p95']:6.2f} s")
    print("an idle pod holds", ", ".join(f"{mb} MB ({kind})" for kind, mb in result["idle_pods_mb"].items()))
    print(f"kept in {figures.write('reset', result)}")


if __name__ == "__main__":
    main()
