"""The pod as Kubernetes wants it: pure functions from values to JSON.

The words (names, paths, uids, ports) are those of docs/architecture.md section 3.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes.agent import AGENT
from clonepool.adapters.kubernetes.manifests import (
    APP,
    Identity,
    identity_labels,
    secret_name,
    state_annotations,
)
from clonepool.adapters.kubernetes.quantities import byte_count, millicores
from clonepool.domain.pods import STATUS_LABEL, PodState

if TYPE_CHECKING:
    from clonepool.adapters.kubernetes.manifests import Json

CREDENTIALS_PATH = "/etc/clone"
TEMPLATE_ANNOTATION = "clonepool.io/template"


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What all pods of a pool have in common; its hash tells pods of different templates apart.

    CPU and memory are for the pod as a whole: CPU is shared by its two containers, memory split evenly.
    Volume sizes are what one clone may write before the kubelet evicts its pod.
    """

    wordpress_image: str
    mysql_image: str
    cpu_request: str = "500m"
    memory_request: str = "512Mi"
    cpu_limit: str = "1"
    memory_limit: str = "1Gi"
    pull_policy: str = "IfNotPresent"
    priority_class: str = ""
    docroot_size: str = "4Gi"
    datadir_size: str = "4Gi"
    tmp_size: str = "64Mi"
    run_size: str = "8Mi"


@dataclass(frozen=True, slots=True)
class _Role:
    """How the two containers differ."""

    name: str
    uid: int
    volume: str
    mount: str
    keys: tuple[str, ...]


_WORDPRESS = _Role("wordpress", 33, "docroot", "/var/www", ("generation", "db-password"))
_MYSQL = _Role("mysql", 999, "datadir", "/var/lib/mysql", ("generation", "db-password", "root-password"))


def pod(identity: Identity, template: PodTemplate, template_id: str | None = None) -> Json:
    """A pod in state CREATING that satisfies the Pod Security Standard "restricted"."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": identity.pod_name,
            "labels": {
                **identity_labels(identity),
                "pool-type": "warm",
                "pool-status": STATUS_LABEL[PodState.CREATING],
            },
            "annotations": {
                "kubectl.kubernetes.io/default-container": _WORDPRESS.name,
                TEMPLATE_ANNOTATION: template_id or template_hash(template),
                **state_annotations(PodState.CREATING),
            },
        },
        "spec": _pod_spec(identity, template),
    }


def template_hash(template: PodTemplate) -> str:
    """SHA-256 over the canonical JSON of the pod that this template makes for a placeholder identity."""
    manifest = pod(Identity("placeholder", "placeholder", 1), template, template_id="placeholder")
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _pod_spec(identity: Identity, template: PodTemplate) -> Json:
    spec: Json = {
        "restartPolicy": "Always",
        # Nothing in a pod is worth a polite stop: what leaves the pool is thrown away.
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        # No DNS: the network lets no question out, and a closed port of its own answers at once.
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            # A safe sysctl, the only one needed: Apache listens on port 80 without a capability.
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": APP}},
            }
        ],
        # CPU is shared: PHP idles while mysqld loads an import, and the other way round (Kubernetes 1.34).
        "resources": {"requests": {"cpu": template.cpu_request}, "limits": {"cpu": template.cpu_limit}},
        "containers": [_wordpress(template), _mysql(template)],
        "volumes": [*_volumes(_WORDPRESS, identity, template), *_volumes(_MYSQL, identity, template)],
    }
    if template.priority_class:
        spec["priorityClassName"] = template.priority_class
    return spec


def _wordpress(template: PodTemplate) -> Json:
    probe = {"httpGet": {"path": "/clone-health.txt", "port": 80}, "timeoutSeconds": 2}
    return {
        **_container(_WORDPRESS, template.wordpress_image, template.docroot_size, template),
        "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
        **_probes(probe),
    }


def _mysql(template: PodTemplate) -> Json:
    probe = {"exec": {"command": [AGENT, "probe"]}, "timeoutSeconds": 5}
    return {**_container(_MYSQL, template.mysql_image, template.datadir_size, template), **_probes(probe)}


def _probes(probe: Json) -> Json:
    """Each second until the first success, then rarely: 1 s probes on 12 idle pods took 97 % of two cores."""
    return {
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 180},
        "readinessProbe": {**probe, "periodSeconds": 15, "failureThreshold": 2},
    }


def _container(role: _Role, image: str, disk: str, template: PodTemplate) -> Json:
    return {
        "name": role.name,
        "image": image,
        "imagePullPolicy": template.pull_policy,
        "env": [{"name": "WARM_POOL_MODE", "value": "1"}],
        "resources": _resources(disk, template),
        "securityContext": {
            "runAsUser": role.uid,
            "runAsGroup": role.uid,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": f"{role.name}-credentials", "mountPath": CREDENTIALS_PATH, "readOnly": True},
            {"name": role.volume, "mountPath": role.mount},
            {"name": f"{role.name}-tmp", "mountPath": "/tmp"},  # noqa: S108 (a volume of its own)
            {"name": f"{role.name}-run", "mountPath": "/run/clone"},
        ],
    }


def _resources(disk: str, template: PodTemplate) -> Json:
    """Half of the pod's memory, so that neither starves the other; all of its CPU, shared (see `_pod_spec`).

    Of the node's disk what the volume may hold plus room for logs.
    """
    return {
        "requests": {
            "cpu": f"{millicores(template.cpu_request) // 2}m",
            "memory": str(byte_count(template.memory_request) // 2),
            "ephemeral-storage": "256Mi",
        },
        "limits": {
            "cpu": template.cpu_limit,
            "memory": str(byte_count(template.memory_limit) // 2),
            "ephemeral-storage": str(byte_count(disk) + 256 * 2**20),
        },
    }


def _volumes(role: _Role, identity: Identity, template: PodTemplate) -> list[Json]:
    """The container's own volumes; none is shared.

    The Secret's files are 0444 on purpose: they belong to root, the containers have different uids, and each
    container sees its own items only and has one user only. An fsGroup would instead put its group and the
    setgid bit on every volume, which the manifests of the restored files would then have to know.
    """
    disk = {"docroot": template.docroot_size, "datadir": template.datadir_size}[role.volume]
    items = [{"key": key, "path": key} for key in role.keys]
    credentials = {"secretName": secret_name(identity.pod_name), "items": items, "defaultMode": 0o444}
    return [
        {"name": f"{role.name}-credentials", "secret": credentials},
        {"name": role.volume, "emptyDir": {"sizeLimit": disk}},
        {"name": f"{role.name}-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": template.tmp_size}},
        {"name": f"{role.name}-run", "emptyDir": {"medium": "Memory", "sizeLimit": template.run_size}},
    ]
