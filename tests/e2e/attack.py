"""Probes of the network from inside pods, and pods to probe from."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.cluster import net
from lab.kubectl import Kubectl, run_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROBE_SECONDS = 2
TRIES, KILLED = 4, 137
# All at the same time: what is dropped takes its whole time.
_PROBE = f"""
for t in "$@"; do
  ( timeout {PROBE_SECONDS} bash -c "exec 3<>/dev/tcp/${{t% *}}/${{t#* }}" 2>/dev/null && echo "$t" ) &
done
wait
true
"""
# One question for an A record of `localhost.`, by UDP; prints how long the answer is.
_ASK = r"""
exec 3<>/dev/udp/"$1"/53
printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01' >&3
timeout 2 dd bs=512 count=1 <&3 2>/dev/null | wc -c
"""
_SERVER = """
foreach ([80, 3306] as $port) { $all[] = stream_socket_server("tcp://[::]:$port"); }
while (true) {
  $ready = $all; $none = null;
  stream_select($ready, $none, $none, null);
  foreach ($ready as $one) { fclose(stream_socket_accept($one)); }
}
"""

type Target = tuple[str, int]


@dataclass(frozen=True)
class Place:
    """A pod to look from."""

    name: str
    namespace: str = net.NAMESPACE

    @property
    def found(self) -> dict[str, Any]:
        """The pod as the API has it."""
        return Kubectl(self.namespace).get("pod", self.name)

    @property
    def ip(self) -> str:
        return self.found["status"]["podIP"]

    @property
    def status(self) -> str:
        return self.found["metadata"]["labels"]["pool-status"]

    def run(self, script: str, *arguments: str) -> str:
        """What a script prints in the pod; it must end well. One that a reset kills is tried again."""
        argv = ["bash", "-c", script, "attack", *arguments]
        for _ in range(TRIES):
            done = run_in(self.name, "wordpress", argv, namespace=self.namespace)
            if done.returncode != KILLED:
                break
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def reaches(self, targets: Sequence[Target]) -> set[Target]:
        """Those of the targets that accept a connection from here."""
        lines = self.run(_PROBE, *(f"{host} {port}" for host, port in targets)).splitlines()
        return {(host, int(port)) for host, port in (line.split() for line in lines)}

    def asks(self, server: str) -> bool:
        """Whether a name server answers from here, by UDP."""
        return int(self.run(_ASK, server)) > 0

    def link_local(self) -> str:
        """Its own IPv6 address on the link that all pods share."""
        for line in self.run("cat /proc/net/if_inet6").splitlines():
            digits, *_, device = line.split()
            if digits.startswith("fe80") and device == "eth0":
                return ":".join(digits[i : i + 4] for i in range(0, 32, 4)) + "%eth0"
        raise AssertionError(f"{self.name} has no link-local address")


@contextmanager
def outsiders(image: str) -> Iterator[tuple[Place, Place]]:
    """A pod in a namespace that may call clones, and one in another; both serve 80 and 3306."""
    places = Place("outsider", "e2e-clients"), Place("outsider", "e2e-strangers")
    labels = ({"clonepool.io/client": "true"}, {})
    try:
        for place, more in zip(places, labels, strict=True):
            Kubectl().apply([_namespace(place.namespace, more)])
            Kubectl(place.namespace).apply([_outsider(place, image)])
        for place in places:
            Kubectl(place.namespace).run("wait", "--for=condition=Ready", "pod/outsider", "--timeout=60s")
        yield places
    finally:
        Kubectl().run("delete", "namespace", *(place.namespace for place in places))


def _namespace(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _outsider(place: Place, image: str) -> dict[str, Any]:
    container = {
        "name": "wordpress",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["php", "-n", "-r", _SERVER],
        "securityContext": {"runAsUser": 33, "runAsGroup": 33},
        "readinessProbe": {"tcpSocket": {"port": 3306}, "periodSeconds": 1},
    }
    sysctls = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {"sysctls": sysctls},
            "containers": [container],
        },
    }


@contextmanager
def listening(targets: Sequence[Target]) -> Iterator[None]:
    """Somebody on the node accepts connections at each target; addresses that it lacks are lent to it."""
    lent = [host for host in {host for host, _ in targets} if host != net.NODE_IP]
    sockets = []
    try:
        for host in lent:
            _ip("address", "add", f"{host}/32", "dev", net.BRIDGE)
        for target in targets:
            sockets.append(socket.create_server(target))
            threading.Thread(target=_accept, args=(sockets[-1],), daemon=True).start()
        yield
    finally:
        for server in sockets:
            server.close()
        for host in lent:
            _ip("address", "delete", f"{host}/32", "dev", net.BRIDGE)


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return  # closed: the test is over


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
