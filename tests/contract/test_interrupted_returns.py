"""A function dies at every call of the way back in turn, and the schedule alone brings order."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.domain.pods import PodState
from clonepool.errors import LostRace
from tests.fakes.faults import Died, Mortality
from tests.fakes.world import POOL, REUSING, World

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from tests.contract.shop import Shop

TICK = 61
POLICIES = {
    "reset": REUSING,
    "replace": replace(REUSING, reuse="never"),
    "delete": REUSING,
    "quarantine": replace(REUSING, on_suspicion="quarantine"),
}


class Story:
    """One world that lives through all deaths."""

    def __init__(self, shop: Shop, flow: str) -> None:
        self.flow = flow
        self.mortality = Mortality()
        self.world = World(policy=POLICIES[flow], wrap=self.mortality.wrap, stores=shop)
        self.world.register("alice")
        self.rest()

    def used(self) -> Clone:
        """A clone that was served and released; its record is in flight."""
        self.never_handed_out_unproven()
        clone = self.world.ask("alice")
        assert clone.pod_name, "a warm pod at rest"
        self.world.prepare(clone.clone_id, clone.lease_id)
        assert self.world.cluster.page_of("alice") == "alice"
        if self.flow in {"delete", "quarantine"}:
            self.world.cluster.script.findings[clone.pod_name] = ("a stranger's file",)
        self.world.release_clone("alice")
        return clone

    def dies_at(self, call: int, clone: Clone) -> bool:
        """Whether the return has a call of this number to die at."""
        self.mortality.at = call
        try:
            self.world.return_pod(clone.pod_name or "", clone.generation or 0, clone.lease_id)
        except Died:
            return True
        finally:
            self.mortality.at = None
        return False

    def rest(self) -> None:
        """Nobody works but the keeper."""
        for _ in range(4):
            self.never_handed_out_unproven()
            self.world.tick()
            self.world.clock.advance(TICK)

    def never_handed_out_unproven(self) -> None:
        for pod in self.world.pods.of_pool(POOL):
            seen = self.world.cluster.objects.get(pod.pod_name)
            if pod.state is PodState.WARM and seen:
                assert pod.proven
                assert seen.site is None
                assert pod.pod_name not in self.world.cluster.script.findings

    def ended_well(self, clone: Clone) -> None:
        name, generation = clone.pod_name or "", (clone.generation or 0) + 1
        row, seen = self.world.pods.get(name), self.world.cluster.objects.get(name)
        assert self.world.cluster.page_of("alice") is None
        lease = self.world.leases.last_lease("alice")
        assert lease
        assert lease.ended_at
        if self.flow == "reset":
            assert (row.state, row.generation, row.proven) == (PodState.WARM, generation, True)
            assert lease.proof["generation"] == generation
        elif self.flow == "quarantine":
            self._quarantined(row, seen, lease)
        else:
            assert row is None
            assert seen is None
        if self.flow == "delete":
            assert lease.evidence["findings"]

    def _quarantined(self, row: Pod, seen: Any, lease: Any) -> None:
        assert (row.state, row.deadline_at, row.proof) == (PodState.QUARANTINED, None, None)
        assert row.evidence
        assert row.evidence.findings
        assert row.evidence.logs == {"wordpress": "a line", "mysql": "a line"}
        assert seen.status == "quarantined"
        assert list(lease.evidence["findings"]) == ["a stranger's file"]
        self.world.release_pod(row.pod_name)
        self.world.clock.advance(TICK)
        self.world.tick()
        assert self.world.pods.get(row.pod_name) is None
        assert row.pod_name not in self.world.cluster.objects


@pytest.mark.parametrize("flow", POLICIES)
def test_a_return_that_dies_at_any_call_is_finished(shop: Shop, flow: str) -> None:
    """Before each call, that is: whoever dies after one leaves what one leaves who dies before the next."""
    story = Story(shop, flow)
    for call in count():
        clone = story.used()
        died = story.dies_at(call, clone)
        story.rest()
        story.ended_well(clone)
        if not died:
            break
    assert call > 8


def test_a_late_return_of_an_old_lease_changes_nothing(shop: Shop) -> None:
    story = Story(shop, "reset")
    old = story.used()
    assert not story.dies_at(1000, old)
    story.rest()
    clone = story.world.ask("alice")
    before = story.world.pods.get(clone.pod_name or "")
    story.world.return_pod(old.pod_name or "", old.generation or 0, old.lease_id)
    with pytest.raises(LostRace):
        story.world.settle(replace(before, state=PodState.RESETTING, generation=old.generation or 0))
    assert story.world.pods.get(clone.pod_name or "") == before
