"""The cluster's processes: what each is called with. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.cluster import net

if TYPE_CHECKING:
    from lab.paths import Paths

_ETCD_URL = f"https://{net.NODE_IP}:2379"
_ETCD_PEER_URL = f"https://{net.NODE_IP}:2380"
_POLICY_HEALTH = f"{net.NODE_IP}:10261"


@dataclass(frozen=True, slots=True)
class Component:
    """A process of the cluster.

    Attributes:
        health: `unix:PATH`, `http(s)://...` or `dns:IP`, whose answer means that it works.
        mounts: whether it lives in the lab's mount namespace, because it mounts or meets mounts.
    """

    name: str
    command: tuple[str, ...]
    health: str
    mounts: bool = False


def components(paths: Paths, labkube: str) -> dict[str, Component]:
    """All of them by name, in the order in which they start."""
    everything = (
        etcd(paths, labkube),
        containerd(paths),
        apiserver(paths, labkube),
        *controllers(paths, labkube),
        kubelet(paths, labkube),
        proxy(paths, labkube),
        *network(paths, labkube),
    )
    return {component.name: component for component in everything}


def etcd(paths: Paths, labkube: str) -> Component:
    """Without fsync: what it holds does not outlive the lab."""
    pki = paths.pki
    command = (
        *(
            labkube,
            "etcd",
            "--name=lab",
            f"--data-dir={paths.data}/etcd",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ),
        *(f"--listen-client-urls={_ETCD_URL}", f"--advertise-client-urls={_ETCD_URL}"),
        *(f"--listen-peer-urls={_ETCD_PEER_URL}", f"--initial-advertise-peer-urls={_ETCD_PEER_URL}"),
        *(f"--initial-cluster=lab={_ETCD_PEER_URL}", "--client-cert-auth", "--peer-client-cert-auth"),
        *(
            f"--cert-file={pki}/etcd.crt",
            f"--key-file={pki}/etcd.key",
            f"--trusted-ca-file={pki}/etcd-ca.crt",
        ),
        *(f"--peer-cert-file={pki}/etcd.crt", f"--peer-key-file={pki}/etcd.key"),
        f"--peer-trusted-ca-file={pki}/etcd-ca.crt",
    )
    return Component("etcd", command, f"tcp:{net.NODE_IP}:2379")


def containerd(paths: Paths) -> Component:
    """The container runtime."""
    command = ("containerd", f"--config={paths.conf}/containerd.toml")
    return Component("containerd", command, f"unix:{paths.socket}", mounts=True)


def apiserver(paths: Paths, labkube: str) -> Component:
    """RBAC, Node authorizer and NodeRestriction on, anonymous requests off, writes audited."""
    pki = paths.pki
    command = (
        *(labkube, "apiserver", f"--etcd-servers={_ETCD_URL}", f"--etcd-cafile={pki}/etcd-ca.crt"),
        *(f"--etcd-certfile={pki}/etcd-client.crt", f"--etcd-keyfile={pki}/etcd-client.key"),
        *(f"--bind-address={net.NODE_IP}", f"--advertise-address={net.NODE_IP}", "--secure-port=6443"),
        *(f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key"),
        *(f"--client-ca-file={pki}/ca.crt", "--anonymous-auth=false", "--authorization-mode=Node,RBAC"),
        *("--enable-admission-plugins=NodeRestriction", f"--service-cluster-ip-range={net.SERVICE_CIDR}"),
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        *(
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki}/sa.pub",
        ),
        f"--service-account-signing-key-file={pki}/sa.key",
        *(f"--audit-policy-file={paths.conf}/audit.yaml", f"--audit-log-path={paths.logs}/audit.log"),
        *("--audit-log-mode=batch", "--audit-log-maxsize=50", "--audit-log-maxbackup=1", "--profiling=false"),
    )
    return Component("apiserver", command, f"{net.API_URL}/readyz")


def controllers(paths: Paths, labkube: str) -> tuple[Component, Component]:
    """Controller manager and scheduler; the only ones of their kind, so without leader election."""
    pki = paths.pki
    manager = (
        *(
            labkube,
            "controller-manager",
            *_identity(paths, "controller-manager"),
            "--use-service-account-credentials",
        ),
        *(f"--root-ca-file={pki}/ca.crt", f"--service-account-private-key-file={pki}/sa.key"),
        *(f"--cluster-signing-cert-file={pki}/ca.crt", f"--cluster-signing-key-file={pki}/ca.key"),
    )
    scheduler = (labkube, "scheduler", *_identity(paths, "scheduler"))
    return (
        Component("controller-manager", manager, f"https://{net.NODE_IP}:10257/healthz"),
        Component("scheduler", scheduler, f"https://{net.NODE_IP}:10259/healthz"),
    )


def kubelet(paths: Paths, labkube: str) -> Component:
    """The node's agent."""
    command = (
        *(
            labkube,
            "kubelet",
            f"--config={paths.conf}/kubelet.yaml",
            f"--kubeconfig={paths.kubeconfig('kubelet')}",
        ),
        *(f"--hostname-override={net.NODE}", f"--node-ip={net.NODE_IP}", f"--root-dir={paths.data}/kubelet"),
        *(f"--cert-dir={paths.data}/kubelet-pki", "--v=1"),
    )
    return Component("kubelet", command, f"http://{net.NODE_IP}:10248/healthz", mounts=True)


def proxy(paths: Paths, labkube: str) -> Component:
    """Services' addresses."""
    command = (labkube, "proxy", f"--config={paths.conf}/proxy.yaml", f"--hostname-override={net.NODE}")
    return Component("proxy", command, f"http://{net.NODE_IP}:10256/healthz")


def network(paths: Paths, labkube: str) -> tuple[Component, ...]:
    """The lab's stand-ins for an ingress controller, CoreDNS and what enforces NetworkPolicies."""
    kubeconfig = f"--kubeconfig={paths.kubeconfig('network')}"
    ingress = (
        *(labkube, "ingress", kubeconfig, f"--address={net.NODE_IP}"),
        *(f"--tls-cert-file={paths.pki}/ingress.crt", f"--tls-private-key-file={paths.pki}/ingress.key"),
    )
    dns = (labkube, "dns", kubeconfig, f"--listen={net.NODE_IP}:53", f"--ingress-address={net.NODE_IP}")
    policy = (
        *(labkube, "policy", kubeconfig, f"--bridge={net.BRIDGE}", f"--pod-cidr={net.POD_CIDR}"),
        f"--health-address={_POLICY_HEALTH}",
    )
    return (
        Component("policy", policy, f"http://{_POLICY_HEALTH}/"),
        Component("ingress", ingress, f"http://{net.INGRESS}/"),
        Component("dns", dns, f"dns:{net.NODE_IP}"),
    )


def _identity(paths: Paths, user: str) -> tuple[str, ...]:
    file = paths.kubeconfig(user)
    return (
        f"--kubeconfig={file}",
        f"--authentication-kubeconfig={file}",
        f"--authorization-kubeconfig={file}",
        f"--bind-address={net.NODE_IP}",
        *("--leader-elect=false", "--kube-api-qps=200", "--kube-api-burst=400"),
    )
