"""Configuration files of containerd, CNI, kubelet, kube-proxy, the API server's audit, containers. Pure text.

JSON stands where YAML is read: it is YAML, and needs no quoting rules.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.cluster import net, pki
from lab.cluster.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from lab.paths import Paths

CNI_PLUGINS = "/usr/lib/cni"
MAX_PODS = 60
RUNTIME_SPEC = "runtime-spec.json"
_CLEARED = ("apparmorProfile", "rlimits", "seccomp")
_TRUSTED = "/etc/ssl/certs/clonepool-lab.pem"


def write(paths: Paths) -> None:
    """Write all files. Not while the cluster runs: kube-proxy ends itself when its file changes."""
    texts = {
        "containerd.toml": containerd(paths),
        RUNTIME_SPEC: runtime_spec(paths, json.loads(run("ctr", "oci", "spec"))),
        "cni/10-clonepool.conflist": cni(paths),
        "kubelet.yaml": kubelet(paths),
        "proxy.yaml": proxy(paths),
        "audit.yaml": audit(),
        "resolv.conf": f"nameserver {net.NODE_IP}\n",
    }
    for name, text in texts.items():
        target: Path = paths.conf / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def containerd(paths: Paths) -> str:
    """containerd 1.6 and 1.7 read this.

    restrict_oom_score_adj: machines without CAP_SYS_RESOURCE refuse a lower score than one's own, and runc
    then fails with "can't get final child's PID from pipe: EOF". SystemdCgroup false works everywhere.
    """
    return f"""version = 2
root = "{paths.containerd}"
state = "{paths.run}/containerd"
[grpc]
  address = "{paths.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{paths.containerd}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{net.PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{paths.conf}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      base_runtime_spec = "{paths.conf}/{RUNTIME_SPEC}"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "{paths.run}/runc"
"""


def runtime_spec(paths: Paths, default: dict[str, Any]) -> str:
    """What every container begins with: containerd's default, and the authority of the lab's sites.

    The node vouches for its certificates, so that images and pods can be those of everywhere else and verify
    as there. containerd clears some settings of its default, but none of a specification that it is given.
    """
    authority = {
        "destination": _TRUSTED,
        "type": "bind",
        "source": f"{paths.pki}/{pki.WEB_CA}.crt",
        "options": ["bind", "ro", "nosuid", "nodev", "noexec"],
    }
    process = {key: value for key, value in default["process"].items() if key not in _CLEARED}
    linux = {key: value for key, value in default["linux"].items() if key not in _CLEARED}
    mounts = [*default["mounts"], authority]
    return json.dumps({**default, "process": process, "linux": linux, "mounts": mounts}, indent=1)


def cni(paths: Paths) -> str:
    """Pods on one bridge. Masquerading is one rule (lab.cluster.network), not one chain per pod."""
    address_range = {"subnet": net.POD_CIDR}
    bridge = {
        "type": "bridge",
        "bridge": net.BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{paths.data}/cni",
            "ranges": [[address_range]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": "clonepool", "plugins": [bridge]}, indent=1)


def kubelet(paths: Paths) -> str:
    """The kubelet's configuration; it leaves the machine's own iptables and plugin folders alone."""
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": net.NODE_IP,
        "healthzBindAddress": net.NODE_IP,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{paths.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{paths.pki}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{paths.pki}/kubelet-server.key",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{net.CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{paths.socket}",
        "podCIDR": net.POD_CIDR,
        "maxPods": MAX_PODS,
        "podPidsLimit": 512,
        "podLogsDir": f"{paths.data}/podlogs",
        "volumePluginDir": f"{paths.data}/volume-plugins",
        "clusterDomain": net.CLUSTER_DOMAIN,
        "clusterDNS": [net.NODE_IP],
        "resolvConf": f"{paths.conf}/resolv.conf",
        "makeIPTablesUtilChains": False,
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "200Mi", "nodefs.available": "2Gi", "imagefs.available": "2Gi"},
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "registryPullQPS": 0,
        "serializeImagePulls": True,
    }
    return json.dumps(config, indent=1)


def proxy(paths: Paths) -> str:
    """kube-proxy with nftables: its rules are two tables of its own, removed as such."""
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(paths.kubeconfig("proxy"))},
        "mode": "nftables",
        "clusterCIDR": net.POD_CIDR,
        "hostnameOverride": net.NODE,
        "bindAddress": net.NODE_IP,
        "healthzBindAddress": f"{net.NODE_IP}:10256",
        "metricsBindAddress": f"{net.NODE_IP}:10249",
        "nodePortAddresses": [f"{net.NODE_IP}/32"],
        "nftables": {"minSyncPeriod": "100ms"},
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    return json.dumps(config, indent=1)


def audit() -> str:
    """Who wrote what, without contents: Secrets stay out of the log."""
    writes = ["create", "update", "patch", "delete", "deletecollection"]
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "verbs": writes}, {"level": "None"}],
    }
    return json.dumps(policy, indent=1)
