"""The agent, mysqld or the worker dies in the middle of an import: the clone is whole nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.cluster import net
from lab.trials.proxy import Proxy
from tests.e2e.trials import customer_of, faults_of, kill, through, under_way

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation, Source

MIDWAY = 40_000_000
"""Bytes of the source after which the victim is killed."""
RATE = {"agent": 4_000_000, "mysqld": 20_000_000, "worker": 20_000_000}
"""Bytes in a second of one connection: slow enough for the kill to fall into the import, and for the last
second before the agent's death, which comes again, to be little beside what had come."""


@pytest.mark.parametrize("victim", ["agent", "mysqld", "worker"])
def test_what_is_killed_midway_is_finished_by_the_next(
    system: Installation, medium_source: Source, victim: str
) -> None:
    system.warm()
    with Proxy((net.NODE_IP, 80), bytes_per_second=RATE[victim]) as proxy:
        clone = system.clone(customer_of(system, medium_source, through(proxy, medium_source)))
        under_way(lambda: proxy.sent, MIDWAY)
        assert system.api.clone(clone["clone_id"])["state"] == "IMPORTING"
        kill(system, clone, victim)
        ready = system.api.until_complete(clone["clone_id"], seconds=300)
    assert (ready["pod_name"], ready["generation"]) == (clone["pod_name"], clone["generation"])
    assert faults_of(medium_source, ready) == []
    if victim == "agent":
        report = system.api.fidelity(clone["clone_id"])
        assert report["resumed"] is True
        undisturbed = report["bytes"] + ready["progress"]["backfill"]["bytes_done"]
        assert proxy.sent < undisturbed + MIDWAY * 3 // 4, "the next agent began anew"
