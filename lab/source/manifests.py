"""The Kubernetes objects of a source site: pure functions from values to JSON.

It is the pod of docs/architecture.md section 3 with WARM_POOL_MODE=0, in a namespace of its own: an ordinary
WordPress without the guard, on the same images.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.cluster import net
from lab.source.spec import PHP_FOLDER, SLOW_FILE

if TYPE_CHECKING:
    from lab.source.spec import Source

type Json = dict[str, Any]

NAMESPACE, APP = net.SOURCE_NAMESPACE, net.SOURCE_APP
FINGERPRINT = "clonepool.io/source-fingerprint"
_MIB = 2**20
_MARIADB = Path(__file__).parent / "mariadb.sh"
_MARIADB_ANSWERS = (
    'MYSQL_PWD="$(cat /etc/clone/db-password)" '
    "mariadb --no-defaults --host=127.0.0.1 --user=wordpress --execute='SELECT 1' wordpress"
)
_SETTINGS_FILE = "zz-source.ini"
_SLOW = Path(__file__).parent / SLOW_FILE


def credentials_name(source_name: str) -> str:
    """The Secret that clone-agent reads."""
    return f"{source_name}-credentials"


def answer_name(source_name: str) -> str:
    """The Secret that keeps what `up` answered."""
    return f"{source_name}-answer"


def certificate_name(source_name: str) -> str:
    """The Secret with the certificate of its host."""
    return f"{source_name}-tls"


def php_name(source_name: str) -> str:
    """The ConfigMap with settings of PHP."""
    return f"{source_name}-php"


def namespace() -> Json:
    """The namespace of all sources; its pods must pass the Pod Security Standard "baseline"."""
    labels = {f"pod-security.kubernetes.io/{mode}": "baseline" for mode in ("enforce", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def secret(
    source_name: str, name: str, values: dict[str, str], annotations: dict[str, str] | None = None
) -> Json:
    """A Secret that belongs to a source."""
    metadata = {**_metadata(source_name, name), "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def site(
    source: Source, images: dict[str, str], ingress_class: str, certificate: dict[str, str] | None = None
) -> list[Json]:
    """Pod, Service and Ingress, what PHP is told, and what the ingress shows for the host."""
    ingress = _ingress(source, ingress_class)
    objects = [_pod(source, images), _service(source.name), ingress]
    if source.on.php:
        objects.append(_php(source))
    if certificate:
        name = certificate_name(source.name)
        ingress["spec"]["tls"] = [{"hosts": [source.host], "secretName": name}]
        objects.append({**secret(source.name, name, certificate), "type": "kubernetes.io/tls"})
    return objects


def _php(source: Source) -> Json:
    text = "".join(f"{key} = {value}\n" for key, value in source.on.php)
    metadata = _metadata(source.name, php_name(source.name))
    data = {_SETTINGS_FILE: text, SLOW_FILE: _SLOW.read_text()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _metadata(source_name: str, name: str) -> Json:
    return {"name": name, "namespace": NAMESPACE, "labels": {"app": APP, "source": source_name}}


def _service(name: str) -> Json:
    selector = {"app": APP, "source": name}
    spec = {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(name, name), "spec": spec}


def _ingress(source: Source, ingress_class: str) -> Json:
    backend = {"service": {"name": source.name, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(source.name, source.name),
        "spec": {
            "ingressClassName": ingress_class,
            "rules": [{"host": source.host, "http": {"paths": paths}}],
        },
    }


def _pod(source: Source, images: dict[str, str]) -> Json:
    name = source.name
    http = {"httpGet": {"path": "/clone-health.txt", "port": 80}}
    wordpress = _container("wordpress", images["wordpress-clone"], 33, "/var/www", http)
    containers = [wordpress, _database(source, images)]
    volumes = [*_volumes("wordpress", name, ()), *_volumes("mysql", name, ("root-password",))]
    if source.on.php:
        # files of their own beside the image's, read last; another folder would need another PHP_INI_SCAN_DIR
        wordpress["volumeMounts"] += [
            {"name": "php", "mountPath": f"{PHP_FOLDER}/{file}", "subPath": file}
            for file in (_SETTINGS_FILE, SLOW_FILE)
        ]
        volumes.append({"name": "php", "configMap": {"name": php_name(name)}})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(name, name),
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
            },
            "containers": containers,
            "volumes": volumes,
        },
    }


def _database(source: Source, images: dict[str, str]) -> Json:
    if source.on.database == "mysql":
        ping = {"exec": {"command": ["/usr/local/bin/clone-agent", "probe"]}}
        return _container("mysql", images["mysql-clone"], 999, "/var/lib/mysql", ping)
    ask = {"exec": {"command": ["sh", "-c", _MARIADB_ANSWERS]}}
    container = _container("mysql", images["mariadb"], 999, "/var/lib/mysql", ask)
    return {**container, "command": ["sh", "-c", _MARIADB.read_text()]}


def _container(name: str, image: str, uid: int, home: str, probe: Json) -> Json:
    mounts = {"credentials": "/etc/clone", "home": home, "tmp": "/tmp", "run": "/run/clone"}  # noqa: S108
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "WARM_POOL_MODE", "value": "0"}],
        # A lab is small: what a source needs while it is filled, it takes if it is there.
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "runAsUser": uid,
            "runAsGroup": uid,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 120, "timeoutSeconds": 5},
        "readinessProbe": {**probe, "periodSeconds": 15, "timeoutSeconds": 5},
        "volumeMounts": [{"name": f"{name}-{kind}", "mountPath": path} for kind, path in mounts.items()],
    }


def _volumes(container: str, source_name: str, more_keys: tuple[str, ...]) -> list[Json]:
    items = [{"key": key, "path": key} for key in ("generation", "db-password", *more_keys)]
    secret_volume = {"secretName": credentials_name(source_name), "items": items, "defaultMode": 0o444}
    return [
        {"name": f"{container}-credentials", "secret": secret_volume},
        {"name": f"{container}-home", "emptyDir": {}},
        {"name": f"{container}-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": str(256 * _MIB)}},
        {"name": f"{container}-run", "emptyDir": {"medium": "Memory", "sizeLimit": str(8 * _MIB)}},
    ]
