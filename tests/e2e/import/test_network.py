"""A network that cuts, stalls and alters: the clone holds the same in the end (case 20)."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest

from lab.cluster import net
from lab.trials.proxy import Fault, Proxy
from tests.e2e.trials import attempt, customer_of, faults_of, through

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation, Source

CUTS = 50
INGRESS = (net.NODE_IP, 80)


def test_fifty_cuts_and_a_stall_change_nothing(system: Installation, medium_source: Source) -> None:
    chance = random.Random(20)
    # 150 MB travel, so that the cuts fall everywhere between the first byte and the last ones
    cuts = list(accumulate(chance.randrange(1, 5_000_000) for _ in range(CUTS)))
    faults = [*(Fault(at) for at in cuts), Fault(cuts[CUTS // 2] + 1, "stall", seconds=15)]
    system.warm()
    with Proxy(INGRESS, faults) as proxy:
        outcome = attempt(
            system, customer_of(system, medium_source, through(proxy, medium_source)), seconds=300
        )
    assert outcome.code is None, outcome.detail
    assert sum(fault.kind == "cut" for fault in proxy.suffered) == CUTS
    assert faults_of(medium_source, outcome.clone) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_cuts_and_altered_bytes_among_the_first_ones_change_nothing(
    system: Installation, small_source: Source, seed: int
) -> None:
    """Where definitions, small tables and lists of files travel, each in one short answer."""
    chance = random.Random(seed)
    faults = [Fault(chance.randrange(1_500_000), kind) for kind in ("cut",) * 4 + ("garble",) * 3]
    system.warm()
    with Proxy(INGRESS, faults) as proxy:
        outcome = attempt(system, customer_of(system, small_source, through(proxy, small_source)))
    assert outcome.code is None, outcome.detail
    assert len(proxy.suffered) == len(faults)
    assert faults_of(small_source, outcome.clone) == []
