"""What one clone takes from its neighbours and the node (case 32), and what becomes of it when evicted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lab.client import wait_until
from lab.cluster import net
from lab.kubectl import Kubectl
from tests.e2e.attack import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Installation

PIDS_LIMIT = 512
MIB = 2**20
# Bounded in number and in time: without a limit it makes its 2000 processes, and they end after 15 s.
FORK_BOMB = """perl -e '
for my $n (1..2000) {
  my $pid = fork();
  if (!defined $pid) { print "refused at $n\n"; exit 0 }
  if (!$pid) { close STDOUT; close STDERR; sleep 15; exit 0 }
}
print "never refused\n";'"""
SPIN = "for n in 1 2 3 4; do timeout 10 sh -c 'while :; do :; done' & done; wait; true"
FILL_TMP = "head -c 200M /dev/zero > /tmp/fill 2>/tmp/why; stat -c %s /tmp/fill; rm -f /tmp/fill /tmp/why"
EAT_MEMORY = "perl -e '$x = \"x\" x (900 << 20); print length $x' || echo killed"


@pytest.fixture
def pair(system: Installation, customer: Callable[..., str]) -> tuple[dict, dict]:
    """Two READY clones: one that misbehaves, and its neighbour."""
    system.warm()
    clones = [system.clone(customer(name)) for name in ("wild", "quiet")]
    wild, quiet = (system.api.until_ready(clone["clone_id"]) for clone in clones)
    return wild, quiet


def _unharmed(system: Installation, *clones: dict) -> None:
    """Page and API answer, and the node is well."""
    for clone in clones:
        assert system.page(clone).status_code == 200
    assert system.api.pool()["counts"]
    ready = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    assert Kubectl().run("get", "node", net.NODE, "-o", ready) == "True"


def test_a_fork_bomb_ends_at_the_pods_limit(system: Installation, pair: tuple[dict, dict]) -> None:
    wild, quiet = pair
    said = Place(wild["pod_name"]).run(FORK_BOMB).split()
    assert said[0] == "refused"
    assert int(said[2]) < PIDS_LIMIT
    _unharmed(system, quiet)
    wait_until("the clone itself", lambda: system.page(wild).status_code == 200, seconds=60, every=1)


def test_all_the_cpu_that_a_pod_takes_is_its_own(system: Installation, pair: tuple[dict, dict]) -> None:
    wild, quiet = pair
    Place(wild["pod_name"]).run(SPIN)
    _unharmed(system, wild, quiet)


def test_tmp_holds_what_it_may_and_no_more(system: Installation, pair: tuple[dict, dict]) -> None:
    wild, quiet = pair
    assert int(Place(wild["pod_name"]).run(FILL_TMP)) <= 64 * MIB
    _unharmed(system, wild, quiet)


def test_memory_beyond_the_limit_costs_the_one_who_asks_for_it(
    system: Installation, pair: tuple[dict, dict]
) -> None:
    wild, quiet = pair
    assert Place(wild["pod_name"]).run(EAT_MEMORY).strip() == "killed"
    _unharmed(system, quiet)
    wait_until("the clone itself", lambda: system.page(wild).status_code == 200, seconds=60, every=1)
    assert system.api.clone(wild["clone_id"])["state"] == "READY"


def _drain(pod: Place) -> None:
    """What `kubectl drain` asks for, and a node that is taken out of service."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
    }
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
    Kubectl().run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction).encode())


def _fill_the_docroot(pod: Place) -> None:
    """More than its volume may hold, allocated but never written; the kubelet evicts."""
    pod.run("fallocate -l 5G /var/www/fill")


@pytest.mark.parametrize("evict", [_drain, _fill_the_docroot])
def test_a_leased_pod_that_is_evicted_is_told_and_replaced_and_leaves_nothing(
    system: Installation, customer: Callable[..., str], evict: Callable[[Place], None]
) -> None:
    system.warm()
    clone = system.api.until_ready(system.clone(customer())["clone_id"])
    pod = Place(clone["pod_name"])
    evict(pod)

    def failed() -> bool:
        system.control("schedule/PoolKeeperEveryMinute/fire")
        found = system.api.clone(clone["clone_id"])
        return found["state"] == "FAILED" and found["failure"]["code"] == "pod_lost"

    wait_until("the clone to fail with pod_lost", failed, seconds=240, every=5)
    wait_until("its row to go", lambda: system.row("pods", pod_name=pod.name) is None, seconds=120)
    kinds = "pods,secrets,services,ingresses,networkpolicies"
    assert Kubectl().list(kinds, f"pod-name={pod.name}") == []
    system.warm()
