"""The promises of `Leases`, kept by the fake and by DynamoDB alike."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.clones import Backfill, CloneState, Progress
from clonepool.domain.lease import look_again_at
from clonepool.domain.pods import Failure, PodState, Proof
from clonepool.domain.transitions import SILENCE_SECONDS, to_resetting, to_warm
from clonepool.errors import InvalidRequest, StaleRow
from tests.contract.shop import NOW, POLICY, POOL, leasing, waiting

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from tests.contract.shop import Shop


def test_progress_is_stored_and_moves_the_deadline(shop: Shop) -> None:
    shop.open("alice")
    pod, clone = shop.leased()
    progress = Progress("rows", 40, 400, 1000, 100, 6)

    shop.leases.progress(clone, progress, NOW + 99)

    row = shop.leases.get("alice")
    assert row
    assert (row.progress, row.eta_seconds) == (progress, 6)
    moved = shop.pods.get(pod.pod_name)
    assert moved
    assert moved.deadline_at == NOW + 99


def test_progress_after_release_does_not_resurrect(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    assert shop.leases.remove(clone)

    with pytest.raises(StaleRow):
        shop.leases.progress(clone, Progress("rows", 40), NOW + 99)

    assert shop.leases.get("alice") is None


def _later_lease(shop: Shop) -> tuple[Clone, Clone]:
    """The same pod leased twice: its old clone, and the one that has it now."""
    pod, old = shop.leased()
    assert shop.leases.remove(old)
    resetting = shop.pods.change(pod, to_resetting(pod, NOW))
    warm = shop.pods.change(resetting, to_warm(resetting, Proof(2, NOW, 900), NOW))
    new = leasing(warm, lease="lease-2")
    shop.leases.claim(warm, new, NOW)
    return old, new


def test_a_worker_of_an_old_lease_is_refused_everywhere(shop: Shop) -> None:
    shop.open("alice")
    old, new = _later_lease(shop)
    before = shop.pods.get(new.pod_name or "")

    with pytest.raises(StaleRow):
        shop.leases.progress(old, Progress("rows", 40), NOW + 99)
    with pytest.raises(StaleRow):
        shop.leases.ready(old, now=NOW, expires_at=NOW + 60, timings_ms={}, fidelity={})
    with pytest.raises(StaleRow):
        shop.leases.fail(old, Failure("timeout", "too late", NOW))
    with pytest.raises(StaleRow):
        shop.leases.extend(old, NOW + 999, NOW)
    assert not shop.leases.remove(old)

    assert shop.leases.get("alice") == new
    assert shop.pods.get(new.pod_name or "") == before


def test_ready_changes_clone_and_pod_together(shop: Shop) -> None:
    shop.open("alice")
    pod, clone = shop.leased()

    done = shop.leases.ready(
        clone,
        now=NOW + 8,
        expires_at=NOW + 68,
        timings_ms={"rows": 900},
        fidelity={"tables": 12, "ratio": 0.5},
    )

    assert done == shop.leases.get("alice")
    assert (done.state, done.ready_at, done.expires_at) == (CloneState.READY, NOW + 8, NOW + 68)
    row = shop.pods.get(pod.pod_name)
    assert row
    assert row.state is PodState.READY
    assert row.deadline_at == look_again_at(NOW + 68, NOW + 8)


FOLLOWING = Progress("uploads", 100, 9, 9, usable=True, backfill=Backfill(5, 50, 1000, 1, 20))


def test_a_usable_clone_is_ready_and_looked_at_soon_until_it_is_complete(shop: Shop) -> None:
    shop.open("alice")
    pod, clone = shop.leased()
    clone = replace(clone, progress=FOLLOWING)
    ready = shop.leases.ready(
        clone, now=NOW, expires_at=NOW + 600, timings_ms={}, fidelity={"complete": False}
    )
    assert ready.filling
    assert shop.leases.get("alice") == ready
    assert _deadline(shop, pod) == NOW + SILENCE_SECONDS

    further = replace(FOLLOWING, backfill=Backfill(60, 600, 1000, 12, 20), eta_seconds=3)
    shop.leases.progress(ready, further, NOW + 44)
    row = shop.leases.get("alice")
    assert row
    assert (row.progress, row.eta_seconds) == (further, None)
    assert _deadline(shop, pod) == NOW + 44

    done = shop.leases.complete(
        replace(row, progress=further), now=NOW + 9, timings_ms={"total": 9000}, fidelity={"complete": True}
    )
    assert shop.leases.get("alice") == done
    assert not done.filling
    assert done.progress == replace(further, phase="done", eta_seconds=0)
    assert _deadline(shop, pod) > NOW + 44


def test_nothing_is_completed_that_is_over(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    clone = replace(clone, progress=FOLLOWING)
    ready = shop.leases.ready(clone, now=NOW, expires_at=NOW + 600, timings_ms={}, fidelity={})
    assert shop.leases.remove(ready)

    with pytest.raises(StaleRow):
        shop.leases.progress(ready, FOLLOWING, NOW + 44)
    with pytest.raises(StaleRow):
        shop.leases.complete(ready, now=NOW, timings_ms={}, fidelity={})
    assert shop.leases.get("alice") is None


def _deadline(shop: Shop, pod: Pod) -> int:
    row = shop.pods.get(pod.pod_name)
    assert row
    assert row.deadline_at
    return row.deadline_at


def test_a_clone_that_expired_while_importing_never_becomes_ready(shop: Shop) -> None:
    shop.open("alice")
    pod, clone = shop.leased()

    with pytest.raises(StaleRow):
        shop.leases.ready(clone, now=clone.expires_at, expires_at=NOW + 9999, timings_ms={}, fidelity={})

    assert shop.pods.get(pod.pod_name) == pod


def test_a_failure_is_kept_until_expiry(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    failure = Failure("source_unreachable", "Nobody answers.", NOW)

    shop.leases.fail(clone, failure)

    row = shop.leases.get("alice")
    assert row
    assert (row.state, row.failure) == (CloneState.FAILED, failure)
    assert shop.leases.count_live("alice", NOW) == 0


def test_a_late_failure_does_not_spoil_a_ready_clone(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    shop.leases.ready(clone, now=NOW, expires_at=NOW + 60, timings_ms={}, fidelity={})

    with pytest.raises(StaleRow):
        shop.leases.fail(clone, Failure("timeout", "too late", NOW))


def test_extending_at_the_last_second(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()

    extended = shop.leases.extend(clone, clone.expires_at + 600, clone.expires_at - 1)
    assert extended.expires_at == clone.expires_at + 600
    with pytest.raises(StaleRow):
        shop.leases.extend(extended, extended.expires_at + 600, extended.expires_at)


def test_a_shorter_extension_at_the_same_time_takes_nothing_back(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    longest = shop.leases.extend(clone, clone.expires_at + 600, NOW)

    with pytest.raises(StaleRow):
        shop.leases.extend(clone, clone.expires_at + 60, NOW)
    assert shop.leases.get("alice") == longest


def test_a_sweep_that_read_before_the_extension_removes_nothing(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    shop.leases.extend(clone, clone.expires_at + 600, clone.expires_at - 1)

    assert not shop.leases.remove(clone)
    assert shop.leases.get("alice")


def test_expired_rows_are_found_and_no_others(shop: Shop) -> None:
    shop.open("alice", "bob")
    one, two = shop.warm_pods(2)
    short, long = leasing(one, ttl_minutes=1), leasing(two, "bob", "lease-2", ttl_minutes=60)
    shop.leases.claim(one, short, NOW)
    shop.leases.claim(two, long, NOW)

    assert shop.leases.expired(short.expires_at - 1) == []
    assert shop.leases.expired(short.expires_at) == [short]
    assert shop.leases.count_live("alice", short.expires_at) == 0


def test_removing_twice(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()

    assert shop.leases.remove(clone)
    assert not shop.leases.remove(clone)


def test_a_customer_sees_its_clones_page_by_page_newest_first(shop: Shop) -> None:
    shop.open("alice", "bob")
    for number in range(5):
        shop.leases.queue(waiting(lease=f"lease-{number}", now=NOW + number, name=f"n{number}"))
    shop.leases.queue(waiting("bob", "lease-b"))

    first, cursor = shop.leases.of_customer("alice", limit=3)
    second, end = shop.leases.of_customer("alice", limit=3, cursor=cursor)

    assert [c.name for c in first + second] == ["n4", "n3", "n2", "n1", "n0"]
    assert end is None
    assert {c.customer_id for c in shop.leases.of_customer("bob", limit=9)[0]} == {"bob"}


INVENTED = (
    '["1e99", "shop"]',
    '["-1", "shop"]',
    "[Infinity, 1]",
    '["1", ""]',
    f'["1", "{"x" * 3000}"]',
    "[" * 6000,
)


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "bm9uc2Vuc2U=", "****", "\u00fc", *(b64encode(one.encode()).decode() for one in INVENTED)],
    ids=repr,
)
def test_an_invented_cursor_is_a_bad_request(shop: Shop, cursor: str) -> None:
    shop.open("alice")

    with pytest.raises(InvalidRequest):
        shop.leases.of_customer("alice", cursor=cursor)


@pytest.mark.parametrize("clone_id", ["x" * 3000, "\u00fc" * 1500, ""])
def test_what_no_row_can_be_called_is_not_there(shop: Shop, clone_id: str) -> None:
    assert shop.leases.get(clone_id) is None
    assert shop.leases.last_lease(clone_id) is None
    assert shop.pods.get(clone_id) is None


def test_policy_is_what_the_pool_row_says(shop: Shop) -> None:
    shop.open()
    pool = shop.pools.get(POOL)
    assert pool
    assert pool.policy == POLICY
