"""Reading objects as the API sends them, and the pieces of JSON Patches that change them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from clonepool.adapters.kubernetes import manifests
from clonepool.adapters.kubernetes.client import Collision, Missing
from clonepool.domain.observed import ObservedPod
from clonepool.domain.pods import STATUS_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clonepool.adapters.kubernetes.client import Json, KubernetesClient
    from clonepool.domain.pods import PodRef, PodState

LOST_REASONS = frozenset({"NodeLost", "NodeShutdown", "Terminated"})
"""Reasons in a pod's status that the node, not the pod, has gone."""


def labels_of(found: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels, also of an object that has none."""
    labels: Mapping[str, str] = found["metadata"].get("labels") or {}
    return labels


def generation_of(found: Mapping[str, Any]) -> int:
    """The generation label; 0 where it is missing or no number, so that such an object counts as old."""
    text = labels_of(found).get("generation", "")
    return int(text) if text.isdigit() else 0


def uid_of(found: Mapping[str, Any]) -> str:
    """The uid the cluster gave."""
    return str(found["metadata"]["uid"])


def owner_uid(found: Mapping[str, Any]) -> str | None:
    """The uid of the owning pod, if one is recorded."""
    owners = found["metadata"].get("ownerReferences") or [{}]
    uid: str | None = owners[0].get("uid")
    return uid


def belongs(found: Mapping[str, Any], ref: PodRef) -> bool:
    """Whether an object is the pod of `ref`, or its Secret; without a uid the name decides."""
    return (
        ref.uid is None
        or ref.uid in (uid_of(found), owner_uid(found))
        or (found["kind"] == "Secret" and owner_uid(found) is None)
    )


def delete_found(client: KubernetesClient, path: str, found: Mapping[str, Any]) -> None:
    """Delete this very object of a collection; gone, or another of its name by now, is success."""
    try:
        client.delete(f"{path}/{found['metadata']['name']}", uid=uid_of(found))
    except (Missing, Collision):
        return


def delete_up_to(client: KubernetesClient, path: str, pod_name: str, generation: int) -> None:
    """Delete a pod's objects of a collection up to this generation."""
    selector = f"app={manifests.APP},pod-name={pod_name}"
    for found in client.items(path, selector, metadata_only=True):
        if generation_of(found) <= generation:
            delete_found(client, path, found)


def observed(found: Mapping[str, Any]) -> ObservedPod:
    """One pod of a list, as the port has it."""
    status = found.get("status") or {}
    created = datetime.fromisoformat(found["metadata"]["creationTimestamp"])
    return ObservedPod(
        pod_name=found["metadata"]["name"],
        uid=uid_of(found),
        generation=generation_of(found),
        status=labels_of(found).get("pool-status", ""),
        phase=status.get("phase", "Unknown"),
        node_lost=status.get("phase") == "Unknown" or status.get("reason") in LOST_REASONS,
        created_at=int(created.timestamp()),
        restarts=sum(one.get("restartCount", 0) for one in status.get("containerStatuses") or []),
        stopped=sum(
            "running" not in (one.get("state") or {}) for one in status.get("containerStatuses") or []
        ),
    )


def images_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Per container the digest of its image as the kubelet reports it, which it does after the start."""
    statuses = (found.get("status") or {}).get("containerStatuses") or []
    return {one["name"]: one["imageID"] for one in statuses if one.get("imageID")}


def check(path: str, value: str | None) -> Json:
    """The patch holds only if the value at `path` is this."""
    return {"op": "test", "path": path, "value": value}


def put(path: str, value: object) -> Json:
    """Set the value at `path`, there or not."""
    return {"op": "add", "path": path, "value": value}


def same_pod(ref: PodRef) -> list[Json]:
    """The patch holds only for this uid in this generation."""
    return [check("/metadata/uid", ref.uid), check("/metadata/labels/generation", str(ref.generation))]


def annotation_path(key: str) -> str:
    """The JSON Pointer of an annotation (RFC 6901)."""
    return "/metadata/annotations/" + key.replace("~", "~0").replace("/", "~1")


def state_operations(state: PodState, clone_id: str | None) -> list[Json]:
    """Labels and annotations of a state. JSON Patch removes only what is there, so it is set before."""
    path = "/metadata/labels/clone-id"
    return [
        put("/metadata/labels/pool-status", STATUS_LABEL[state]),
        put(path, clone_id or ""),
        *([] if clone_id else [{"op": "remove", "path": path}]),
        *(put(annotation_path(key), value) for key, value in manifests.state_annotations(state).items()),
    ]
