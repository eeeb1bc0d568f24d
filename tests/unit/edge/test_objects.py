"""What is read of a pod as the API sends it."""

from __future__ import annotations

from typing import Any

from clonepool.adapters.kubernetes.objects import images_of, observed


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "wp-1", "uid": "u", "creationTimestamp": "2026-11-23T20:00:00Z", "labels": {}},
        "status": {"phase": "Running", "containerStatuses": list(containers)},
    }


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "imageID": f"sha256:{name}", "state": {"running": {}}, "restartCount": 0, **more}


def test_images_are_what_the_kubelet_says_and_no_guess() -> None:
    assert images_of(pod(container("wordpress"), container("mysql"))) == {
        "wordpress": "sha256:wordpress",
        "mysql": "sha256:mysql",
    }
    assert images_of(pod(container("wordpress"), container("mysql", imageID=""))) == {
        "wordpress": "sha256:wordpress"
    }
    assert images_of({"metadata": {}}) == {}


def test_restarts_and_containers_that_do_not_run_are_counted() -> None:
    waiting = container("mysql", state={"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3)
    seen = observed(pod(container("wordpress"), waiting))
    assert (seen.restarts, seen.stopped) == (3, 1)
