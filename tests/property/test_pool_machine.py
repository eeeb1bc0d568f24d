"""Everything at once, in any order, with functions dying anywhere: the design's invariants hold after each.

Events are delivered late, twice, or never; workers die at any call of any port; pods vanish, the cluster goes
away, templates roll. In the end, with everything healthy again, some ticks bring order.
"""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from clonepool.domain.clones import CloneState
from clonepool.domain.pods import LEASED, PodState
from clonepool.domain.pool import PoolPolicy
from clonepool.errors import ClonepoolError, NotFound
from clonepool.usecases import patience
from tests.fakes.faults import Died, Mortality
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS = ("alice", "bob", "carol")
TEMPLATES = ("template-1", "template-2")
FOREVER = -1
TICKS_TO_ORDER = 45

who = st.sampled_from(CUSTOMERS)
deaths = st.one_of(st.none(), st.tuples(st.integers(0, 25), st.booleans()))


class PoolMachine(RuleBasedStateMachine):
    """The pool under every adversity that a cloud has to offer."""

    @initialize(
        reuse=st.sampled_from(["any", "never"]),
        on_suspicion=st.sampled_from(["delete", "quarantine"]),
        warm_shards=st.sampled_from([1, 3]),
    )
    def begin(self, reuse: Any, on_suspicion: Any, warm_shards: int) -> None:
        patience.RANDOM = Random(1)  # type: ignore[assignment]  # the same pauses when an example is replayed
        self.mortality = Mortality()
        policy = PoolPolicy(
            min_warm=1,
            max_warm=2,
            max_pods=7,
            warm_shards=warm_shards,
            reuse=reuse,
            max_reuse_count=3,
            max_live_clones_per_customer=2,
            on_suspicion=on_suspicion,
            max_quarantined=1,
        )
        self.world = World(policy=policy, wrap=self.mortality.wrap)
        self.world.register(*CUSTOMERS)
        self.leased_as: dict[tuple[str, int], str] = {}
        self.leased_before: dict[str, set[tuple[str, int]]] = {}  # its revocation, by template
        self.world.tick()

    @rule(customer=who, name=st.sampled_from([None, "two"]), ttl=st.sampled_from([1, 30, 1440]), death=deaths)
    def request(self, customer: str, name: str | None, ttl: int, death: tuple[int, bool] | None) -> None:
        self._dying(death, lambda: self.world.ask(customer, name=name, ttl_minutes=ttl))

    @rule(data=st.data(), again=st.booleans(), death=deaths)
    def deliver(self, data: st.DataObject, again: bool, death: tuple[int, bool] | None) -> None:
        events = self.world.tables.events
        if not events:
            return
        place = data.draw(st.integers(0, len(events) - 1))
        event = events[place] if again else events.pop(place)
        self._dying(death, lambda: self.world.deliver(event))

    @rule()
    def deliver_all(self) -> None:
        self._dying(None, lambda: self.world.settle_down(limit=20))

    @rule(data=st.data())
    def drop_an_event(self, data: st.DataObject) -> None:
        """It ended in the dead-letter queue."""
        events = self.world.tables.events
        if events:
            events.pop(data.draw(st.integers(0, len(events) - 1)))

    @rule(customer=who)
    def a_lease_runs_its_course(self, customer: str) -> None:
        """Adversity alone seldom lets a pod get as far as its second generation."""
        self._dying(None, lambda: self.world.ask(customer, ttl_minutes=30))
        self._dying(None, lambda: self.world.settle_down(limit=20))
        self.world.release_clone(customer, customer)

    @rule(customer=who, step=st.sampled_from(["close", "start_reset", "delete_pod"]))
    def a_return_dies_just_after_its_row(self, customer: str, step: str) -> None:
        self.a_lease_runs_its_course(customer)

        def die(call: str) -> None:
            if call == step:
                raise Died

        self.world.cluster.script.before = die
        self._dying(None, lambda: self.world.settle_down(limit=20))
        self.world.cluster.script.before = None

    @rule(customer=who)
    def release(self, customer: str) -> None:
        self.world.release_clone(customer, customer)

    @rule(customer=who, ttl=st.sampled_from([1, 60, 1440]))
    def extend(self, customer: str, ttl: int) -> None:
        self._dying(None, lambda: self.world.extend_clone(customer, ttl, customer))

    @rule(seconds=st.sampled_from([1, 20, 61, 300, 1900]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule(death=deaths)
    def tick(self, death: tuple[int, bool] | None) -> None:
        healthy = death is None and not self.world.cluster.script.down
        self.world.cluster.script.before = self._nothing_over_answers() if healthy else None
        self._dying(death, self.world.tick)
        self.world.cluster.script.before = None

    def _nothing_over_answers(self) -> Callable[[str], None]:
        """Looks when a tick settles or imports for the first time: what had ended by its start is closed."""
        started = self.world.clock.now()
        expired = {c.clone_id: c.lease_id for c in self._rows() if c.expired(started)}

        def look(call: str) -> None:
            if call not in {"start_reset", "create_pod", "verify", "run_import"}:
                return
            self.world.cluster.script.before = None
            for clone_id, (pod_name, generation) in self.world.cluster.routes.items():
                assert expired.get(clone_id) != self.leased_as[pod_name, generation]
                assert not self._ended(pod_name, generation) or not self.world.cluster.page_of(clone_id)
            for name, seen in self.world.cluster.objects.items():
                assert seen.status not in {"assigned", "serving"} or not self._ended(name, seen.generation)

        return look

    def _ended(self, pod_name: str, generation: int) -> bool:
        row = self.world.tables.pods.get(pod_name)
        return row is None or row.state not in LEASED or row.generation != generation

    @rule()
    def ttl_deletes(self) -> None:
        """DynamoDB's own clock, some day."""
        for clone in list(self.world.tables.clones.values()):
            if clone.expired(self.world.clock.now()):
                self.world.tables.delete_clone(clone.clone_id)

    @rule(data=st.data())
    def a_pod_vanishes(self, data: st.DataObject) -> None:
        if names := sorted(self.world.cluster.objects):
            self.world.cluster.lose(data.draw(st.sampled_from(names)))

    @rule(data=st.data())
    def a_pod_is_dirty(self, data: st.DataObject) -> None:
        if names := sorted(self.world.cluster.objects):
            self.world.cluster.script.findings[data.draw(st.sampled_from(names))] = ("a stranger's file",)

    @rule(data=st.data())
    def a_reset_leaves_a_site_behind(self, data: st.DataObject) -> None:
        if names := sorted(self.world.cluster.objects):
            self.world.cluster.script.leaky.add(data.draw(st.sampled_from(names)))

    @rule(calls=st.sampled_from([0, 1, 3, 40]))
    def the_cluster_is_away(self, calls: int) -> None:
        self.world.cluster.script.down = calls

    @rule(questions=st.sampled_from([0, 1, 5, FOREVER]))
    def pods_settle_at_another_pace(self, questions: int) -> None:
        self.world.cluster.script.settle_after = questions

    @rule(template=st.sampled_from(TEMPLATES))
    def a_template_rolls(self, template: str) -> None:
        self.world.redeploy(template=template)

    @rule(template=st.sampled_from(TEMPLATES))
    def a_template_is_revoked(self, template: str) -> None:
        with suppress(NotFound):
            self.world.revoke_template(template)
            self.leased_before.setdefault(template, set(self.world.tables.leases))

    @invariant()
    def a_revoked_template_is_never_handed_out(self) -> None:
        for pod in self._pods():
            if pod.lease_id and pod.template_hash in self.leased_before:
                assert (pod.pod_name, pod.generation) in self.leased_before[pod.template_hash]

    @invariant()
    def a_generation_is_leased_once(self) -> None:
        for key, lease in self.world.tables.leases.items():
            assert self.leased_as.setdefault(key, lease.lease_id) == lease.lease_id

    @invariant()
    def one_lease_one_pod(self) -> None:
        pods = [p for p in self._pods() if p.lease_id]
        assert len({p.lease_id for p in pods}) == len(pods)
        for pod in pods:
            assert pod.state in LEASED
            assert pod.proven
            assert self.leased_as[pod.pod_name, pod.generation] == pod.lease_id

    @invariant()
    def a_live_clone_has_its_pod(self) -> None:
        for clone in self._clones():
            if clone.state in {CloneState.IMPORTING, CloneState.READY}:
                pod = self.world.tables.pods[clone.pod_name]
                assert (pod.lease_id, pod.generation) == (clone.lease_id, clone.generation)
                assert (pod.state is PodState.READY) == (clone.state is CloneState.READY)
            assert clone.expires_at <= clone.max_expires_at

    @invariant()
    def only_proven_clean_pods_are_warm(self) -> None:
        for pod in self._pods():
            if pod.state is PodState.WARM:
                assert pod.proven
                seen = self.world.cluster.objects.get(pod.pod_name)
                assert seen is None or seen.site is None

    @invariant()
    def nobody_sees_anothers_site(self) -> None:
        for clone_id, (pod_name, generation) in self.world.cluster.routes.items():
            assert self.world.tables.leases[pod_name, generation].clone_id == clone_id
            assert self.world.cluster.page_of(clone_id) in (None, clone_id)

    @invariant()
    def the_network_of_a_warm_pod_is_closed(self) -> None:
        for pod_name, generation in self.world.cluster.networks:
            assert (pod_name, generation) in self.world.tables.leases
            row = self.world.tables.pods.get(pod_name)
            assert row is None or row.state is not PodState.WARM or row.generation > generation

    @invariant()
    def the_pool_never_overshoots(self) -> None:
        assert len(self._pods()) <= self.world.policy.max_pods

    @invariant()
    def what_waits_has_a_deadline(self) -> None:
        for pod in self._pods():
            if pod.state is not PodState.QUARANTINED:  # whose deadline rests once it is cut off
                assert (pod.deadline_at is None) == (pod.state is PodState.WARM)
            assert (pod.evidence is not None) == (pod.state is PodState.QUARANTINED)
            assert (pod.warm_since is None) == (pod.state is not PodState.WARM) == (pod.warm_shard is None)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.cluster.script.down, world.cluster.script.settle_after = 0, 1
        world.cluster.script.findings.clear()
        self.mortality.at = None
        world.redeploy(template="template-of-the-end")  # the others may be revoked
        for _ in range(TICKS_TO_ORDER):
            self._dying(None, lambda: world.settle_down(limit=200))
            world.clock.advance(60)
            world.tick()
        self._dying(None, lambda: world.settle_down(limit=200))
        self._in_order()

    def _in_order(self) -> None:
        world = self.world
        rows = world.tables.pods
        assert {p.state for p in rows.values()} <= {PodState.WARM, PodState.READY, PodState.QUARANTINED}
        for pod in rows.values():
            if pod.state is PodState.QUARANTINED:
                assert pod.deadline_at is None
                assert world.cluster.objects[pod.pod_name].status == "quarantined"
        assert sum(p.state is PodState.QUARANTINED for p in rows.values()) <= 1
        assert {name: seen.uid for name, seen in world.cluster.objects.items()} == {
            name: row.pod_uid for name, row in rows.items()
        }
        assert set(world.cluster.secrets) == set(rows)
        served = {c.clone_id: (c.pod_name, c.generation) for c in self._clones()}
        assert served == world.cluster.routes
        assert set(served.values()) == set(world.cluster.networks)
        assert all(c.state is CloneState.READY for c in self._clones())
        assert sum(p.state is PodState.WARM for p in rows.values()) >= 1

    def _dying(self, death: tuple[int, bool] | None, work: Any) -> None:
        if death:
            self.mortality.at, self.mortality.after = death
        try:
            work()
        except (Died, ClonepoolError):
            pass
        finally:
            self.mortality.at = None

    def _pods(self) -> list[Any]:
        return list(self.world.tables.pods.values())

    def _rows(self) -> list[Any]:
        return list(self.world.tables.clones.values())

    def _clones(self) -> list[Any]:
        return [c for c in self._rows() if c.live(self.world.clock.now())]


PoolMachine.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPool = pytest.mark.timeout(600)(PoolMachine.TestCase)
