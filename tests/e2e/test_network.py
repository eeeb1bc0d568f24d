"""The network by state, tried from inside pods: what is refused there is open to the same probe elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lab.client import wait_until
from lab.cluster import net
from lab.errors import LabError
from lab.kubectl import Kubectl, command_here
from lab.node import pid1_of, pids_in_container
from tests.e2e.attack import Place, listening, outsiders
from tests.e2e.inside import stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Installation, Source

NODE = net.NODE_IP
LISTENERS = [("169.254.169.254", 80), ("169.254.170.23", 80), (NODE, 25), (NODE, 587), (NODE, 8099)]
NODES_OWN = [(net.API_SERVICE_IP, 443), (NODE, 6443), (NODE, 10250), (NODE, 53), (NODE, 2379)]
THE_SOURCE = (NODE, 80)
"""The lab's sources are behind its ingress."""


@pytest.fixture(scope="module")
def image(base: Installation) -> str:
    pod_name = _a_warm_pod(base)
    path = "jsonpath={.spec.containers[?(@.name=='wordpress')].image}"
    return Kubectl().run("get", "pod", pod_name, "-o", path)


@pytest.fixture(scope="module")
def outside(image: str) -> Iterator[tuple[Place, Place]]:
    with outsiders(image) as places:
        yield places


@pytest.fixture(scope="module")
def client(outside: tuple[Place, Place]) -> Place:
    return outside[0]


@pytest.fixture(scope="module")
def stranger(outside: tuple[Place, Place]) -> Place:
    return outside[1]


@pytest.fixture(scope="module")
def targets(client: Place, stranger: Place) -> Iterator[list[tuple[str, int]]]:
    """What no clone may reach in any state. Each is open to a pod without policies, or the fixture fails."""
    neighbour = [(stranger.ip, 80), (stranger.ip, 3306)]
    with listening(LISTENERS):
        everything = [*LISTENERS, *NODES_OWN, *neighbour]
        assert client.reaches(everything) == set(everything)
        assert client.asks(NODE)
        yield everything


def _a_warm_pod(system: Installation) -> str:
    """Also while other pods are leased."""

    def look() -> str | None:
        rows = system.table("pods").scan(ConsistentRead=True)["Items"]
        return next((row["pod_name"] for row in rows if row["state"] == "WARM"), None)

    return wait_until("a warm pod", look, seconds=180)


def _ready(system: Installation, customer: Callable[..., str]) -> tuple[dict, Place]:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    place = Place(clone["pod_name"])
    wait_until("the label", lambda: place.status == "serving", seconds=10)
    return clone, place


@contextmanager
def _silent(source: Source) -> Iterator[None]:
    """The source accepts connections and says nothing meanwhile."""
    uid = Place(source.name, "sources").found["metadata"]["uid"]
    with stopped(pids_in_container(uid, "apache2")):
        yield


def test_a_warm_pod_reaches_nobody_and_is_reached_by_nobody(
    system: Installation, targets: list[tuple[str, int]], client: Place, stranger: Place
) -> None:
    warm = Place(_a_warm_pod(system))
    assert warm.status == "ready"
    assert warm.reaches([*targets, THE_SOURCE]) == set()
    assert not warm.asks(NODE)
    assert warm.reaches([("127.0.0.1", 80)]), "the probe itself works"
    for place in (client, stranger):
        assert place.reaches([(warm.ip, 80), (warm.ip, 3306)]) == set()


def test_a_pod_that_imports_reaches_its_source_alone_and_is_reached_by_nobody(
    system: Installation,
    customer: Callable[..., str],
    small_source: Source,
    targets: list[tuple[str, int]],
    client: Place,
) -> None:
    system.warm()
    with _silent(small_source):
        clone = system.clone(customer())
        pod = Place(wait_until("a pod", lambda: system.api.clone(clone["clone_id"])["pod_name"], seconds=30))
        wait_until("the source to be open", lambda: pod.reaches([THE_SOURCE]), seconds=20)
        assert pod.status == "assigned"
        assert pod.reaches(targets) == set()
        assert not pod.asks(NODE)
        assert client.reaches([(pod.ip, 80)]) == set()
    assert system.api.until_ready(clone["clone_id"])["pod_name"] == pod.name


def test_a_serving_pod_reaches_its_source_alone_and_is_reached_by_clients_alone(
    system: Installation,
    customer: Callable[..., str],
    targets: list[tuple[str, int]],
    client: Place,
    stranger: Place,
) -> None:
    clone, pod = _ready(system, customer)
    assert pod.reaches([*targets, THE_SOURCE]) == {THE_SOURCE}
    assert not pod.asks(NODE)
    wait_until("clients to be let in", lambda: client.reaches([(pod.ip, 80)]), seconds=10)
    assert client.reaches([(pod.ip, 3306)]) == set()
    assert stranger.reaches([(pod.ip, 80)]) == set()
    warm = Place(_a_warm_pod(system))
    assert warm.reaches([(pod.ip, 80)]) == pod.reaches([(warm.ip, 80)]) == set()
    assert system.page(clone).status_code == 200


def test_the_link_that_pods_share_is_no_way_around(
    system: Installation, customer: Callable[..., str], stranger: Place
) -> None:
    _, pod = _ready(system, customer)
    address = stranger.link_local()
    assert stranger.reaches([(address, 80)]), "the probe itself works"
    assert pod.reaches([(address, 80)]) == set()
    assert stranger.reaches([(pod.link_local(), 80)]) == set()


def test_a_pod_that_is_reset_reaches_nobody_and_is_reached_by_nobody(
    system: Installation, customer: Callable[..., str], targets: list[tuple[str, int]], client: Place
) -> None:
    clone, pod = _ready(system, customer)
    ip, uid = pod.ip, pod.found["metadata"]["uid"]
    wait_until("clients to be let in", lambda: client.reaches([(ip, 80)]), seconds=10)
    os.kill(pid1_of(uid, "mysqld"), signal.SIGSTOP)  # so that the reset does not end
    system.api.release(clone["clone_id"])
    wait_until("the label", lambda: pod.status == "resetting", seconds=30)
    assert pod.reaches([*targets, THE_SOURCE]) == set()
    assert not pod.asks(NODE)
    assert client.reaches([(ip, 80)]) == set()
    assert pod.status == "resetting"
    assert pod.name not in Kubectl().run("get", "networkpolicies", "-o", "name")


_HELD = """
exec 3<>/dev/tcp/$1/80 && echo connected
read -r _
printf 'GET /clone-health.txt HTTP/1.0\\r\\n\\r\\n' >&3
timeout 3 head -c 12 <&3
true
"""


def _over_a_held_connection(client: Place, pod: Place, meanwhile: Callable[[], object]) -> str:
    """What a client hears on a connection that it made before `meanwhile`."""
    exec_in = ("exec", "-i", client.name, "--", "bash", "-c", _HELD, "attack", pod.ip)
    command = [*command_here(), "-n", client.namespace, *exec_in]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "connected\n"
        meanwhile()
        return held.communicate("now\n", timeout=60)[0]


def test_a_connection_does_not_outlive_what_allowed_it(
    system: Installation, customer: Callable[..., str], client: Place
) -> None:
    _, pod = _ready(system, customer)
    wait_until("clients to be let in", lambda: client.reaches([(pod.ip, 80)]), seconds=10)

    def close() -> None:
        Kubectl(pod.namespace).run("label", "pod", pod.name, "pool-status=quarantined", "--overwrite")
        wait_until("it to be closed", lambda: not client.reaches([(pod.ip, 80)]), seconds=10)

    assert _over_a_held_connection(client, pod, lambda: None).startswith("HTTP/1.1 200")
    assert _over_a_held_connection(client, pod, close) == ""


def test_a_table_that_is_gone_is_back(system: Installation) -> None:
    """Somebody flushes the node's rules: within the half minute all is closed again."""
    table = ("nft", "list", "table", "inet", "clonepool-policy")
    subprocess.run(["nft", "delete", "table", "inet", "clonepool-policy"], check=True)
    wait_until(
        "the table",
        lambda: subprocess.run(table, capture_output=True, check=False).returncode == 0,
        seconds=45,
    )
    assert Place(_a_warm_pod(system)).reaches([THE_SOURCE]) == set()


VIOLATIONS = {
    "of the host's network": {"hostNetwork": True},
    "as root": {"securityContext": {"runAsUser": 0}},
    "with a folder of the node": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]},
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_pod_that_is_not_restricted_is_refused(lab_env: dict[str, str], violation: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "violation", "namespace": "wordpress-staging"},
        "spec": {"containers": [{"name": "a", "image": "a"}], **VIOLATIONS[violation]},
    }
    with pytest.raises(LabError, match="violates PodSecurity"):
        Kubectl().run("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod).encode())
