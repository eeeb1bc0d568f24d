"""The small objects around a pod as Kubernetes wants them: pure functions from values to JSON.

The words (names, labels, paths, uids) are those of docs/architecture.md section 3.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from clonepool.domain.pods import LEASED, STATUS_LABEL, PodState
from clonepool.domain.reach import Destination, Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "wordpress-clone"
NUDGE_ANNOTATION = "clonepool.io/nudge"
REACH_ANNOTATION = "clonepool.io/reach"
KEEP_FROM_AUTOSCALER = "cluster-autoscaler.kubernetes.io/safe-to-evict"
KEEP_FROM_KARPENTER = "karpenter.sh/do-not-disrupt"

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one pod from another."""

    pod_name: str
    pool: str
    generation: int


@dataclass(frozen=True, slots=True)
class Route:
    """One lease's address: which generation of which pod serves `clone_id` under `host`."""

    clone_id: str
    host: str
    pod_name: str
    pod_uid: str
    pool: str
    generation: int
    ingress_class: str = ""
    ingress_annotations: dict[str, str] = field(default_factory=dict)


def secret_name(pod_name: str) -> str:
    """The Secret that carries the pod's desired generation and passwords."""
    return f"{pod_name}-credentials"


def identity_labels(identity: Identity) -> dict[str, str]:
    """The labels of everything that belongs to one generation of one pod."""
    return {
        "app": APP,
        "pool": identity.pool,
        "pod-name": identity.pod_name,
        "generation": str(identity.generation),
    }


def state_annotations(state: PodState) -> dict[str, str]:
    """Keeps autoscalers off a pod that somebody uses."""
    leased = state in LEASED
    return {KEEP_FROM_AUTOSCALER: _bool(not leased), KEEP_FROM_KARPENTER: _bool(leased)}


def secret(identity: Identity, passwords: dict[str, str]) -> Json:
    """The Secret of a new pod; `passwords` has `db-password` and `root-password`."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": secret_name(identity.pod_name), "labels": identity_labels(identity)},
        "data": secret_data(identity.generation, passwords),
    }


def secret_data(generation: int, passwords: dict[str, str]) -> dict[str, str]:
    """The values of the Secret in base64, as the API stores them."""
    return {key: encoded(value) for key, value in {"generation": str(generation), **passwords}.items()}


def encoded(value: str) -> str:
    """Base64, the spelling of Secret data."""
    return b64encode(value.encode()).decode()


def service(route: Route) -> Json:
    """Selects one generation of one pod; not-ready addresses count, because routing follows the lease."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _route_metadata(route),
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": APP, "pod-name": route.pod_name, "generation": str(route.generation)},
            "publishNotReadyAddresses": True,
            "ports": [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}],
        },
    }


def ingress(route: Route) -> Json:
    """Serves the Service of the same name under the clone's public host."""
    backend = {"service": {"name": route.clone_id, "port": {"number": 80}}}
    rule = {"host": route.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    metadata = _route_metadata(route)
    if route.ingress_annotations:
        metadata["annotations"] = dict(route.ingress_annotations)
    spec: Json = {"rules": [rule]}
    if route.ingress_class:
        spec["ingressClassName"] = route.ingress_class
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
    }


def network_name(pod_name: str, generation: int) -> str:
    """The policy of one lease."""
    return f"{pod_name}-{generation}"


def network_policy(identity: Identity, pod_uid: str, reach: Reach) -> Json:
    """Lets one generation of one pod call what `reach` names, while its label says that it is leased.

    The policies of infra/kubernetes close everything else. The annotation keeps the hosts; rules cannot.
    """
    leased = [STATUS_LABEL[PodState.ASSIGNED], STATUS_LABEL[PodState.READY]]
    labels = identity_labels(identity)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": network_name(identity.pod_name, identity.generation),
            "labels": labels,
            "annotations": {REACH_ANNOTATION: json.dumps(asdict(reach), separators=(",", ":"))},
            "ownerReferences": [owner(identity.pod_name, pod_uid)],
        },
        "spec": {
            "podSelector": {
                "matchLabels": {key: labels[key] for key in ("app", "pod-name", "generation")},
                "matchExpressions": [{"key": "pool-status", "operator": "In", "values": leased}],
            },
            "policyTypes": ["Egress"],
            "egress": [_egress(one) for one in (reach.source, *reach.allowed)],
        },
    }


def reach_of(found: Mapping[str, Any]) -> Reach:
    """What a policy made by `network_policy` says."""
    said = json.loads(found["metadata"]["annotations"][REACH_ANNOTATION])
    return Reach(_destination(said["source"]), tuple(_destination(one) for one in said["allowed"]))


def owner(pod_name: str, pod_uid: str) -> Json:
    """The pod as owner, so that the garbage collector removes what we could not."""
    return {"apiVersion": "v1", "kind": "Pod", "name": pod_name, "uid": pod_uid}


def _egress(destination: Destination) -> Json:
    return {
        "to": [{"ipBlock": {"cidr": str(ip_network(address))}} for address in destination.addresses],
        "ports": [{"protocol": "TCP", "port": port} for port in destination.ports],
    }


def _destination(said: Mapping[str, Any]) -> Destination:
    return Destination(said["host"], tuple(said["addresses"]), tuple(said["ports"]))


def _route_metadata(route: Route) -> Json:
    labels = identity_labels(Identity(route.pod_name, route.pool, route.generation))
    return {
        "name": route.clone_id,
        "labels": {**labels, "clone-id": route.clone_id},
        "ownerReferences": [owner(route.pod_name, route.pod_uid)],
    }


def _bool(value: bool) -> str:
    return "true" if value else "false"
