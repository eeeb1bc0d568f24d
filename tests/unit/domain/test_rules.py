"""Decisions as pure functions: sizing, returning, queueing, lease terms, transitions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clonepool.domain import lease
from clonepool.domain.clones import Clone, Progress
from clonepool.domain.eta import at_claim, of_import
from clonepool.domain.lease import CloneRequest, leasing_clone, queued_clone
from clonepool.domain.pods import Failure, Pod, PodState, Proof, may_become
from clonepool.domain.pool import Pool, PoolPolicy
from clonepool.domain.queueing import fair_order
from clonepool.domain.sizing import Snapshot, plan
from clonepool.domain.transitions import (
    SILENCE_SECONDS,
    gives_up_at,
    heartbeat,
    new_pod,
    to_assigned,
    to_deleting,
    to_resetting,
    to_warm,
)

NOW = 1_800_000_000
POLICY = PoolPolicy(min_warm=2, max_warm=3, max_pods=6, reuse="any")
POOL = Pool("default", 1, POLICY, "new", ("new", "old"))


def pod(name: str, state: PodState = PodState.WARM, **more: Any) -> Pod:
    made = new_pod(name, "default", more.pop("template_hash", "new"), more.pop("created_at", NOW))
    return replace(made, state=state, pod_uid=f"uid-{name}", **more)


def planned(*pods: Pod, queued: int = 0, pool: Pool = POOL, now: int = NOW) -> tuple[int, list[str]]:
    todo = plan(Snapshot(pods, queued), pool, now)
    assert todo.reason
    return todo.create, [p.pod_name for p in todo.delete]


def test_an_empty_pool_is_filled_to_its_minimum() -> None:
    assert planned() == (2, [])


def test_what_is_coming_counts() -> None:
    assert planned(pod("a", PodState.CREATING), pod("b", PodState.RESETTING)) == (0, [])
    assert planned(pod("a", PodState.CREATING), pod("b", PodState.READY)) == (1, [])


def test_who_waits_is_demand() -> None:
    assert planned(pod("a"), pod("b"), queued=3) == (3, [])


def test_never_more_rows_than_the_maximum() -> None:
    leased = [pod(f"r{n}", PodState.READY) for n in range(5)]
    assert planned(*leased, queued=10) == (1, [])
    assert planned(*leased, pod("x", PodState.DELETING), queued=10) == (0, [])


def test_the_oldest_excess_goes_first() -> None:
    warm = [pod(f"w{n}", created_at=NOW - n) for n in range(5)]
    assert planned(*warm) == (0, ["w4", "w3"])


def test_excess_that_is_only_coming_is_not_cut_below_the_minimum() -> None:
    coming = [pod(f"c{n}", PodState.RESETTING) for n in range(4)]
    assert planned(pod("a"), pod("b"), *coming) == (0, [])


def test_a_former_template_is_replaced_first_and_deleted_then() -> None:
    old = [pod("o1", template_hash="old"), pod("o2", template_hash="old")]
    assert planned(*old) == (2, [])
    assert planned(*old, pod("a"), pod("b")) == (0, ["o1", "o2"])


def test_without_room_a_former_template_makes_way() -> None:
    small = replace(POOL, policy=replace(POLICY, max_pods=2))
    old = [pod("o1", template_hash="old", created_at=NOW - 1), pod("o2", template_hash="old")]
    assert planned(*old, pool=small) == (0, ["o1", "o2"])


def test_a_revoked_template_goes_at_once() -> None:
    assert planned(pod("x", template_hash="gone")) == (2, ["x"])


def test_nothing_is_made_from_a_revoked_current_template() -> None:
    revoked = replace(POOL, accepted_templates=("old",))
    assert planned(pod("o", template_hash="old"), pool=revoked) == (0, [])
    assert "revoked" in plan(Snapshot([]), revoked, NOW).reason


def test_a_pod_past_its_age_is_replaced() -> None:
    aged = pod("a", created_at=NOW - POLICY.max_pod_age_seconds)
    assert planned(aged, pod("b")) == (1, [])
    assert planned(aged, pod("b"), pod("c")) == (0, ["a"])


@given(
    st.lists(st.sampled_from(list(PodState)), max_size=8),
    st.integers(0, 9),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(1, 9),
)
def test_a_plan_keeps_its_bounds(
    states: list[PodState], queued: int, low: int, extra: int, most: int
) -> None:
    pods = [pod(f"p{n}", state) for n, state in enumerate(states)]
    pool = replace(POOL, policy=replace(POLICY, min_warm=low, max_warm=low + extra, max_pods=most))

    todo = plan(Snapshot(pods, queued), pool, NOW)

    assert len(pods) + todo.create <= max(most, len(pods))
    assert all(p.state is PodState.WARM for p in todo.delete)
    assert len(set(todo.delete)) == len(todo.delete)
    assert not (todo.create and todo.delete)
    left = sum(s is PodState.WARM for s in states) - len(todo.delete)
    assert not todo.delete or left >= low


def waiting(customer: str, at: int, name: str | None = None) -> Clone:
    return queued_clone(CloneRequest.of(customer, name=name), f"{customer}-{at}", "default", POLICY, "x", at)


def test_the_queue_is_fair_between_customers() -> None:
    first, second = waiting("alice", 1, "one"), waiting("alice", 2, "two")
    late = waiting("bob", 3)

    assert fair_order([second, late, first], {}) == [first, late, second]
    assert fair_order([first, second, late], {"alice": 1}) == [late, first, second]


def test_time_runs_from_the_moment_the_clone_is_usable() -> None:
    clone = leasing_clone(CloneRequest.of("alice", ttl_minutes=10), "l", pod("a"), POLICY, NOW)
    assert clone.expires_at == NOW + 600 + POLICY.import_seconds
    assert lease.serving_until(clone, NOW + 8) == NOW + 608
    queued = waiting("alice", NOW)
    assert queued.expires_at == NOW + 1800 + POLICY.import_seconds + POLICY.create_seconds


def test_no_clone_outlives_a_day() -> None:
    clone = leasing_clone(CloneRequest.of("alice", ttl_minutes=1440), "l", pod("a"), POLICY, NOW)
    assert clone.expires_at == clone.max_expires_at == NOW + 86400
    assert lease.serving_until(clone, NOW + 60) == NOW + 86400
    assert lease.extended_until(clone, 1440, NOW + 3600) == NOW + 86400


def test_extending_never_shortens_and_repeats_harmlessly() -> None:
    clone = leasing_clone(CloneRequest.of("alice", ttl_minutes=60), "l", pod("a"), POLICY, NOW)
    assert lease.extended_until(clone, 1, NOW) == clone.expires_at
    once = replace(clone, expires_at=lease.extended_until(clone, 120, NOW))
    assert lease.extended_until(once, 120, NOW) == once.expires_at == NOW + 7200


def test_an_expired_or_failed_clone_does_not_live() -> None:
    clone = waiting("alice", NOW)
    assert clone.live(clone.expires_at - 1)
    assert not clone.live(clone.expires_at)


def test_etas_learn_from_the_last_import() -> None:
    assert of_import({"rows": 2400, "files": 3200}) == 6
    assert at_claim("cold") > at_claim("warm")
    assert of_import({"rows": 1}) == 1


def test_every_step_of_a_life_is_one_the_state_machine_has() -> None:
    born = new_pod("a", "default", "new", NOW)
    warm = to_warm(born, Proof(1, NOW, 900), NOW)
    clone = leasing_clone(CloneRequest.of("alice"), "l", warm, POLICY, NOW)
    assigned = to_assigned(warm, clone, NOW)
    used = to_resetting(assigned, NOW)
    gone = to_deleting(used, NOW, Failure("x", "y", NOW))
    steps = [born, warm, assigned, used, gone]

    assert all(may_become(a.state, b.state) for a, b in itertools.pairwise(steps))
    assert (used.generation, used.reuse_count, used.proven) == (2, 1, False)
    assert warm.proven
    assert not may_become(PodState.DELETING, PodState.WARM)
    assert not may_become(PodState.ASSIGNED, PodState.WARM)


def test_a_heartbeat_is_only_written_when_it_is_needed() -> None:
    born = new_pod("a", "default", "new", NOW)
    assert heartbeat(born, NOW + 1) is None
    moved = heartbeat(born, NOW + SILENCE_SECONDS // 2)
    assert moved
    assert moved.deadline_at == NOW + SILENCE_SECONDS // 2 + SILENCE_SECONDS
    assert gives_up_at(moved, POLICY) == NOW + POLICY.create_seconds


def test_progress_begins_with_the_claim() -> None:
    clone = leasing_clone(CloneRequest.of("alice"), "l", pod("a"), POLICY, NOW)
    assert clone.progress == Progress(phase="claimed")
