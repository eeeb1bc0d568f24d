"""The machine's network as far as the lab changes it: a bridge, an address, a table, a chain, some sysctls.

The bridge carries its owner's folder as its alias, so that another checkout can tell whose it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cluster import net
from lab.cluster.commands import attempt, run
from lab.errors import LabError

if TYPE_CHECKING:
    from lab.paths import Paths

_NET = Path("/sys/class/net")
_SYSCTL = Path("/proc/sys")
_FORWARD = "CLONEPOOL-FORWARD"
_TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"), ("ip", "clonepool"), ("inet", "clonepool-policy"))
_WANTED = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/bridge/bridge-nf-call-ip6tables": "1",  # link-local addresses lead from pod to pod as well
    "fs/inotify/max_user_instances": "8192",
    "fs/inotify/max_user_watches": "524288",
}
# What the kubelet and kube-proxy set by themselves: put back with ours.
_CHANGED_BY_OTHERS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/conf/all/route_localnet",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
)
SYSCTLS = (*_WANTED, *_CHANGED_BY_OTHERS)
_MASQUERADE = f"""
table ip clonepool {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {net.POD_CIDR} ip daddr != {net.POD_CIDR} masquerade
  }}
}}
"""


def owner() -> Path | None:
    """The folder of the lab whose bridge is here, alive or dead."""
    try:
        alias = (_NET / net.BRIDGE / "ifalias").read_text().strip()
    except OSError:
        return None
    return Path(alias) if alias else None


def set_up(paths: Paths) -> None:
    """Make bridge, address, rules and sysctls. Repeating is harmless."""
    _set_sysctls(paths.run / "sysctls.json")
    if not (_NET / net.BRIDGE).exists():
        run("ip", "link", "add", net.BRIDGE, "type", "bridge")
    run("ip", "link", "set", net.BRIDGE, "alias", str(paths.home), "up")
    run("ip", "address", "replace", f"{net.NODE_IP}/32", "dev", "lo")
    attempt("nft", "delete", "table", "ip", "clonepool")
    run("nft", "-f", "-", stdin=_MASQUERADE)
    _let_pods_through(paths.run / "made-filter-table")


def take_down(paths: Paths) -> None:
    """Remove all of it, and what CNI and kube-proxy made. Repeating is harmless."""
    for link in _NET.iterdir():
        master = link / "master"
        if master.exists() and master.resolve().name == net.BRIDGE:
            attempt("ip", "link", "delete", link.name)
    attempt("ip", "link", "delete", net.BRIDGE)
    attempt("ip", "address", "delete", f"{net.NODE_IP}/32", "dev", "lo")
    for family, table in _TABLES:
        attempt("nft", "delete", "table", family, table)
    _forget_pods()
    _remove_filter_table(paths.run / "made-filter-table")
    _restore_sysctls(paths.run / "sysctls.json")


def leftovers() -> list[str]:
    """What of it is still there, in words; empty after `take_down`."""
    found = [f"interface {net.BRIDGE}"] if (_NET / net.BRIDGE).exists() else []
    if net.NODE_IP in run("ip", "-brief", "address", "show", "dev", "lo"):
        found.append(f"address {net.NODE_IP} on lo")
    tables = run("nft", "list", "tables").splitlines()
    names = {table for _, table in _TABLES}
    found += [f"nft {table}" for table in tables if table.split()[-1] in names]
    return found


def _let_pods_through(made_table: Path) -> None:
    """Accept what crosses the bridge, also where another tool (docker) made DROP the policy of FORWARD."""
    if not attempt("nft", "list", "table", "ip", "filter"):
        made_table.touch()  # iptables is about to make it
    _forget_pods()
    run("iptables", "-N", _FORWARD)
    for direction in ("-i", "-o"):
        run("iptables", "-A", _FORWARD, direction, net.BRIDGE, "-j", "ACCEPT")
    run("iptables", "-I", "FORWARD", "-j", _FORWARD)


def _forget_pods() -> None:
    while attempt("iptables", "-D", "FORWARD", "-j", _FORWARD):
        pass
    if attempt("iptables", "-F", _FORWARD):
        attempt("iptables", "-X", _FORWARD)


def _remove_filter_table(made_table: Path) -> None:
    if made_table.exists() and not any(
        rule[:2] in {"-A", "-N"} for rule in run("iptables", "-S").splitlines()
    ):
        attempt("nft", "delete", "table", "ip", "filter")


def _set_sysctls(record: Path) -> None:
    attempt("modprobe", "-a", "br_netfilter", "overlay")  # built in, or there already, on most machines
    if not record.exists():
        before = {name: (_SYSCTL / name).read_text().strip() for name in SYSCTLS if (_SYSCTL / name).exists()}
        record.write_text(json.dumps(before))
    for name, value in _WANTED.items():
        try:
            (_SYSCTL / name).write_text(value)
        except OSError as error:
            raise LabError(
                f"cannot set {name.replace('/', '.')}={value} ({error.strerror}): the lab needs root "
                "on a kernel with bridge netfilter (modprobe br_netfilter)"
            ) from error


def _restore_sysctls(record: Path) -> None:
    try:
        before = json.loads(record.read_text())
    except (OSError, ValueError):
        return
    for name, value in before.items():
        (_SYSCTL / name).write_text(value)
    record.unlink()
