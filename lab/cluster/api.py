"""The few questions that the lab itself asks the API server, without a 180 MB program per question."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.cluster import net

if TYPE_CHECKING:
    from lab.paths import Paths

TIMEOUT_SECONDS = 3.0
# A query for "health.cluster.local", type A: whoever speaks DNS answers something.
_DNS_QUERY = b"\0\1\1\0\0\1\0\0\0\0\0\0\6health\7cluster\5local\0\0\1\0\1"


class Api:
    """GET as the cluster's administrator."""

    def __init__(self, paths: Paths) -> None:
        self._context = ssl.create_default_context(cafile=str(paths.pki / "ca.crt"))
        self._context.load_cert_chain(paths.pki / "admin.crt", paths.pki / "admin.key")

    def get(self, path: str) -> tuple[int, Any]:
        """Status and parsed body (text if it is no JSON); status 0 if nobody answers."""
        connection = http.client.HTTPSConnection(
            net.NODE_IP, 6443, timeout=TIMEOUT_SECONDS, context=self._context
        )
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def ready(self) -> bool:
        """Whether the API server serves."""
        return self.get("/readyz")[0] == http.HTTPStatus.OK

    def node_ready(self) -> bool:
        """Whether the node has reported that it takes pods."""
        status, node = self.get(f"/api/v1/nodes/{net.NODE}")
        if status != http.HTTPStatus.OK:
            return False
        return any(
            c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", ())
        )

    def exists(self, path: str) -> bool:
        """Whether an object is there."""
        return self.get(path)[0] == http.HTTPStatus.OK


def answers(health: str, api: Api) -> bool:
    """Whether what a component's `health` names gives an answer that means it works."""
    scheme, _, rest = health.partition(":")
    if health.startswith(net.API_URL):
        return api.ready()
    if scheme == "unix":
        return _unix(Path(rest))
    if scheme == "tcp":
        host, _, port = rest.partition(":")
        return _tcp(host, int(port))
    return _dns(rest) if scheme == "dns" else _http(health)


def _http(url: str) -> bool:
    unverified = ssl._create_unverified_context()  # noqa: S323 -- they make a certificate for themselves
    try:
        urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=unverified).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code == http.HTTPStatus.NOT_FOUND  # the ingress, asked for a host that it does not know
    except OSError:
        return False
    return True


def _unix(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(TIMEOUT_SECONDS)
        return probe.connect_ex(str(path)) == 0


def _tcp(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(TIMEOUT_SECONDS)
        return probe.connect_ex((host, port)) == 0


def _dns(host: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(TIMEOUT_SECONDS)
        try:
            probe.sendto(_DNS_QUERY, (host, 53))
            return bool(probe.recv(512))
        except OSError:
            return False
