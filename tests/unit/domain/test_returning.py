"""Reset or replace, delete or quarantine: decisions as pure functions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clonepool.domain.pods import Pod, PodState
from clonepool.domain.pool import Pool, PoolPolicy, Sample
from clonepool.domain.returning import (
    FAILED_RESETS_SECONDS,
    MAX_FAILED_RESETS,
    MAX_FAILURES,
    MEASURED_SECONDS,
    POD_FAULTS,
    Condition,
    decide_return,
    decide_suspicion,
)
from clonepool.domain.transitions import new_pod, to_deleting, to_resetting

NOW = 1_800_000_000
POLICY = PoolPolicy(min_warm=2, max_warm=3, max_pods=6, reuse="any")
POOL = Pool("default", 1, POLICY, "new", ("new", "old"))
USED = replace(
    new_pod("u", "default", "new", NOW), state=PodState.READY, pod_uid="uid-u", generation=3, reuse_count=2
)


def samples(*milliseconds: int, at: int = NOW - 60) -> tuple[Sample, ...]:
    return tuple(Sample(at, one) for one in milliseconds)


def measuring(**measured: tuple[Sample, ...]) -> Pool:
    return replace(POOL, measured=measured)


@pytest.mark.parametrize(
    ("used", "policy", "condition", "reason"),
    [
        (USED, replace(POLICY, reuse="never"), Condition(), "does not reuse"),
        (USED, POLICY, Condition(present=False), "gone"),
        (replace(USED, pod_uid=None), POLICY, Condition(), "uid"),
        (replace(USED, template_hash="old"), POLICY, Condition(), "older template"),
        (replace(USED, template_hash="bad"), POLICY, Condition(), "revoked"),
        (USED, replace(POLICY, max_reuse_count=2), Condition(), "2 times"),
        (replace(USED, created_at=NOW - 86400), POLICY, Condition(), "older"),
        (USED, POLICY, Condition(crash_restarts=1), "crashed"),
        (USED, POLICY, Condition(running=False), "does not run"),
        (replace(USED, failures=1), POLICY, Condition(failed_with="internal"), "2 leases in a row"),
    ],
)
def test_what_speaks_against_a_reset(
    used: Pod, policy: PoolPolicy, condition: Condition, reason: str
) -> None:
    decision = decide_return(used, replace(POOL, policy=policy), condition, NOW)
    assert decision.action == "replace"
    assert reason in decision.reason


def test_a_current_young_healthy_pod_is_reset() -> None:
    assert decide_return(USED, POOL, Condition(), NOW).action == "reset"


def test_resets_that_take_much_longer_than_new_pods_are_not_worth_it() -> None:
    slow = measuring(reset=samples(*[9000] * 5), create=samples(*[4000] * 5))
    decision = decide_return(USED, slow, Condition(), NOW)
    assert decision.action == "replace"
    assert decision.reason == "a reset takes 9.0 s here, a new pod 4.0 s"
    for fine in (
        measuring(reset=samples(*[7000] * 5), create=samples(*[4000] * 5)),
        measuring(reset=samples(*[9000] * 4), create=samples(*[4000] * 5)),
        measuring(reset=samples(1, 1, 1, 99_000, 99_000), create=samples(*[4000] * 5)),
    ):
        assert decide_return(USED, fine, Condition(), NOW).action == "reset"


def test_what_was_measured_is_forgotten_and_tried_again() -> None:
    old = NOW - MEASURED_SECONDS
    slow = measuring(reset=samples(*[9000] * 5, at=old), create=samples(*[4000] * 5, at=old))
    assert decide_return(USED, slow, Condition(), NOW).action == "reset"


def test_after_failed_resets_in_a_row_one_is_tried_again_later() -> None:
    failing = measuring(reset_failed=samples(*[0] * MAX_FAILED_RESETS))
    decision = decide_return(USED, failing, Condition(), NOW)
    assert decision.action == "replace"
    assert "3 resets of this pool did not end" in decision.reason
    later = NOW + FAILED_RESETS_SECONDS
    assert decide_return(USED, failing, Condition(), later).action == "reset"
    recovered = replace(failing, measured={**failing.measured, "reset": samples(2000, at=NOW - 30)})
    assert decide_return(USED, recovered, Condition(), NOW).action == "reset"


def test_failures_are_counted_only_in_a_row_and_only_the_pods_own() -> None:
    assert decide_return(USED, POOL, Condition(failed_with="internal"), NOW).failures == 1
    for served in (Condition(), Condition(failed_with="source_unreachable")):
        assert decide_return(replace(USED, failures=1), POOL, served, NOW).failures == 0
    assert to_resetting(USED, NOW, failures=1).failures == 1


codes = st.sampled_from([None, "source_refused", *sorted(POD_FAULTS)])
conditions = st.builds(Condition, st.booleans(), st.booleans(), st.integers(0, 2), codes)
policies = st.builds(
    lambda reuse, most, age: replace(POLICY, reuse=reuse, max_reuse_count=most, max_pod_age_seconds=age),
    st.sampled_from(["any", "never"]),
    st.integers(0, 5),
    st.integers(60, 7200),
)
kinds = st.lists(
    st.builds(Sample, st.integers(NOW - 8 * 3600, NOW), st.integers(0, 20_000)), max_size=15
).map(tuple)
pools = st.builds(
    lambda policy, reset, create, failed: replace(
        POOL, policy=policy, measured={"reset": reset, "create": create, "reset_failed": failed}
    ),
    policies,
    kinds,
    kinds,
    kinds,
)
used_pods = st.builds(
    lambda age, reused, failures, template: replace(
        USED, created_at=NOW - age, reuse_count=reused, failures=failures, template_hash=template
    ),
    st.integers(0, 8000),
    st.integers(0, 6),
    st.integers(0, 2),
    st.sampled_from(["new", "old", "bad"]),
)


@given(used_pods, pools, conditions)
def test_a_reset_has_nothing_against_it(used: Pod, pool: Pool, condition: Condition) -> None:
    decision = decide_return(used, pool, condition, NOW)
    assert decision.reason
    if decision.action == "reset":
        assert pool.policy.reuse == "any"
        assert condition.present
        assert condition.running
        assert condition.crash_restarts == 0
        assert used.template_hash == pool.current_template
        assert used.reuse_count < pool.policy.max_reuse_count
        assert NOW - used.created_at < pool.policy.max_pod_age_seconds
        assert decision.failures < MAX_FAILURES
        assert (decision.failures == 0) == (condition.failed_with not in POD_FAULTS)


@given(used_pods, pools, conditions, st.integers(0, 3600), st.integers(0, 3))
def test_age_use_and_crashes_never_turn_a_replacement_into_a_reset(
    used: Pod, pool: Pool, condition: Condition, older: int, more: int
) -> None:
    if decide_return(used, pool, condition, NOW).action == "reset":
        return
    worse = replace(used, created_at=used.created_at - older, reuse_count=used.reuse_count + more)
    crashed = replace(condition, crash_restarts=condition.crash_restarts + more)
    assert decide_return(worse, pool, crashed, NOW).action == "replace"


KEEPING = replace(POOL, policy=replace(POLICY, on_suspicion="quarantine", max_quarantined=2))


def held(count: int) -> list[Pod]:
    return [replace(USED, pod_name=f"q{n}", state=PodState.QUARANTINED) for n in range(count)]


def test_suspicious_pods_are_deleted_unless_the_policy_keeps_them() -> None:
    assert decide_suspicion(POOL, [USED], USED).action == "delete"
    assert decide_suspicion(KEEPING, [USED], USED).action == "quarantine"


@given(st.integers(0, 5), st.integers(0, 4), st.integers(0, 4), st.integers(1, 8), st.booleans())
def test_quarantine_is_bounded(count: int, most: int, low: int, pods: int, inside: bool) -> None:
    pool = replace(KEEPING, policy=replace(KEEPING.policy, max_quarantined=most, min_warm=low, max_pods=pods))
    there = held(count)
    suspect = replace(USED, state=PodState.QUARANTINED) if inside else USED
    decision = decide_suspicion(pool, [*there, suspect], suspect)
    assert decision.reason
    if decision.action == "quarantine":
        assert count + 1 <= most
        assert pods - (count + 1) >= low


def test_a_released_pod_forgets_the_evidence() -> None:
    assert to_deleting(replace(USED, state=PodState.QUARANTINED), NOW).evidence is None
