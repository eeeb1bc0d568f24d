"""The promises of `Pods`, `Pools` and `Sources`, kept by the fakes and by DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from clonepool.domain.clones import Source
from clonepool.domain.pods import Failure, PodState, Proof
from clonepool.domain.transitions import new_pod, to_deleting, to_resetting, to_warm
from clonepool.errors import StaleRow
from clonepool.usecases.candidates import Candidates
from tests.contract.shop import NOW, POLICY, POOL, TEMPLATE

if TYPE_CHECKING:
    from clonepool.domain.pods import Pod
    from clonepool.ports import Pods
    from tests.contract.shop import Shop

PROOF = Proof(1, NOW, 900, {"mysql.files": {"ok": True, "count": 7, "digest": "sha256:00"}})


def test_reserved_rows_are_there_and_the_version_has_moved(shop: Shop) -> None:
    pool = shop.open()
    rows = [new_pod(f"wp-{n}", POOL, TEMPLATE, NOW) for n in range(3)]

    after = shop.pods.reserve(pool, rows, "create 3: because", NOW)

    assert sorted(shop.pods.of_pool(POOL), key=lambda p: p.pod_name) == rows
    assert after.version == pool.version + 1
    assert after == shop.pools.get(POOL)
    assert after.decisions[-1].text == "create 3: because"


def test_two_who_plan_from_the_same_version_do_not_both_reserve(shop: Shop) -> None:
    pool = shop.open()
    shop.pods.reserve(pool, [new_pod("wp-1", POOL, TEMPLATE, NOW)], "first", NOW)

    with pytest.raises(StaleRow):
        shop.pods.reserve(pool, [new_pod("wp-2", POOL, TEMPLATE, NOW)], "second", NOW)

    assert shop.pods.get("wp-2") is None


def test_a_pod_survives_storing_in_every_detail(shop: Shop) -> None:
    pool = shop.open()
    row = new_pod("wp-1", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)
    full = replace(
        to_warm(row, PROOF, NOW), pod_uid="uid-1", reuse_count=3, last_failure=Failure("x", "a sentence", NOW)
    )

    shop.pods.change(row, full)

    assert shop.pods.get("wp-1") == full
    assert shop.pods.warm(POOL) == [full]


def test_only_warm_pods_are_offered(shop: Shop) -> None:
    shop.open()
    one, two = shop.warm_pods(2)
    shop.pods.change(one, to_deleting(one, NOW))

    assert shop.pods.warm(POOL) == [two]
    assert shop.pods.warm("another") == []


def test_warm_pods_lie_in_their_shards_and_are_found_from_whichever_one_begins(shop: Shop) -> None:
    pool = shop.open()
    made = shop.warm_pods(12, shards=3)
    found = [shop.pods.warm(POOL, shard) for shard in range(3)]
    assert all(found), "a hash spreads twelve pods over three shards"
    assert sorted((p for shard in found for p in shard), key=lambda p: p.pod_name) == made
    assert all(p.warm_shard == shard for shard, pods in enumerate(found) for p in pods)

    sharded = replace(pool, policy=replace(POLICY, warm_shards=3))
    candidates = Candidates(shop.pods, sharded, Random(1).shuffle)
    tried: set[str] = set()
    while pods := candidates.look():
        assert len({pod.warm_shard for pod in pods}) == 1
        candidates.strike(pods[0])
        tried.add(pods[0].pod_name)
    assert tried == {pod.pod_name for pod in made}


def test_one_shard_costs_one_query(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = shop.open()
    shop.warm_pods(2)
    asked: list[int] = []
    warm = type(shop.pods).warm

    def counted(pods: Pods, name: str, shard: int = 0, limit: int = 50) -> list[Pod]:
        asked.append(shard)
        return warm(pods, name, shard, limit)

    monkeypatch.setattr(type(shop.pods), "warm", counted)
    assert len(Candidates(shop.pods, pool, Random(1).shuffle).look()) == 2
    assert asked == [0]


def test_overdue_pods_most_overdue_first(shop: Shop) -> None:
    pool = shop.open()
    rows = [replace(new_pod(f"wp-{n}", POOL, TEMPLATE, NOW), deadline_at=NOW + 10 * n) for n in (3, 1, 2)]
    shop.pods.reserve(pool, rows, "for the test", NOW)
    shop.warm_pods(1)

    assert [p.pod_name for p in shop.pods.due(POOL, NOW + 20)] == ["wp-1", "wp-2"]


@pytest.mark.parametrize(
    "stale",
    [{"state": PodState.RESETTING}, {"generation": 2}, {"deadline_at": NOW + 1}, {"deadline_at": None}],
)
def test_a_change_needs_the_row_as_it_was_read(shop: Shop, stale: dict[str, object]) -> None:
    pool = shop.open()
    row = new_pod("wp-1", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)
    read = replace(row, **stale)  # type: ignore[arg-type]

    with pytest.raises(StaleRow):
        shop.pods.change(read, to_deleting(read, NOW))

    assert shop.pods.get("wp-1") == row


def test_a_change_never_resurrects(shop: Shop) -> None:
    shop.open()
    pod = shop.warm_pods(1)[0]
    gone = shop.pods.change(pod, to_deleting(pod, NOW))
    shop.pods.remove(gone)

    with pytest.raises(StaleRow):
        shop.pods.change(gone, replace(gone, deadline_at=NOW + 60))

    assert shop.pods.get(pod.pod_name) is None


def test_a_transition_that_the_state_machine_does_not_have(shop: Shop) -> None:
    shop.open()
    pod = shop.warm_pods(1)[0]

    with pytest.raises(ValueError, match="cannot go from"):
        shop.pods.change(pod, to_resetting(pod, NOW))


def test_the_winner_of_a_deadline_is_alone(shop: Shop) -> None:
    pool = shop.open()
    row = new_pod("wp-1", POOL, TEMPLATE, NOW)
    shop.pods.reserve(pool, [row], "for the test", NOW)
    shop.pods.change(row, replace(row, deadline_at=NOW + 100))

    with pytest.raises(StaleRow):
        shop.pods.change(row, replace(row, deadline_at=NOW + 101))


def test_removing_a_pod(shop: Shop) -> None:
    shop.open()
    pod = shop.warm_pods(1)[0]
    with pytest.raises(StaleRow):
        shop.pods.remove(pod)
    deleting = shop.pods.change(pod, to_deleting(pod, NOW))

    shop.pods.remove(deleting)
    shop.pods.remove(deleting)

    assert shop.pods.of_pool(POOL) == []


def test_a_new_template_leaves_the_former_accepted_until_revoked(shop: Shop) -> None:
    shop.open()
    rolled = shop.pools.ensure(POOL, POLICY, "template-2")
    assert (rolled.current_template, set(rolled.accepted_templates)) == (
        "template-2",
        {"template-2", TEMPLATE},
    )

    assert shop.pools.ensure(POOL, POLICY, "template-3").accepted_templates == ("template-3", "template-2")
    assert shop.pools.revoke(POOL, "template-2").accepted_templates == ("template-3",)
    assert shop.pools.ensure(POOL, POLICY, "template-3").accepted_templates == ("template-3",)


def test_a_revoked_template_is_not_accepted_again_by_being_deployed(shop: Shop) -> None:
    shop.open()
    shop.pools.ensure(POOL, POLICY, "template-2")
    for _ in range(2):
        pool = shop.pools.revoke(POOL, "template-2")
        assert (pool.accepted_templates, pool.revoked_templates) == ((TEMPLATE,), ("template-2",))

    assert shop.pools.ensure(POOL, POLICY, "template-2") == pool, "the tick of the keeper that has it"
    assert shop.pools.ensure(POOL, POLICY, "template-3").accepted_templates == ("template-3", TEMPLATE)
    again = shop.pools.ensure(POOL, POLICY, "template-2")
    assert (again.current_template, again.accepted_templates) == ("template-2", ("template-3", TEMPLATE))
    assert again == shop.pools.get(POOL)


def test_a_new_policy_is_taken_over(shop: Shop) -> None:
    shop.open()

    assert shop.pools.ensure(POOL, replace(POLICY, max_warm=9), TEMPLATE).policy.max_warm == 9
    assert shop.pools.get("another") is None


def test_decisions_are_kept_to_a_number_and_counters_add_up(shop: Shop) -> None:
    shop.open()
    for number in range(25):
        shop.pools.note(POOL, f"decision {number}", NOW + number)
    shop.pools.note(POOL, "", NOW, {"start.warm": 2})
    shop.pools.note(POOL, "", NOW, {"start.warm": 1, "ready": 1})
    shop.pools.note("another", "nobody reads this", NOW)

    pool = shop.pools.get(POOL)
    assert pool
    assert [d.text for d in pool.decisions] == [f"decision {n}" for n in range(5, 25)]
    assert pool.counters == {"start.warm": 3, "ready": 1}


def test_a_source_is_replaced_and_remembers_its_last_import(shop: Shop) -> None:
    shop.open()
    assert shop.sources.get("alice") is None
    shop.sources.imported("alice", {"rows": 5}, {})
    assert shop.sources.get("alice") is None

    shop.sources.put(Source("alice", "https://one.test", "arn:1", NOW))
    shop.sources.imported("alice", {"rows": 700}, {"tables": 12, "versions": {"php": "8.2"}})

    source = shop.sources.get("alice")
    known = Source(
        "alice", "https://one.test", "arn:1", NOW, {"rows": 700}, {"tables": 12, "versions": {"php": "8.2"}}
    )
    assert source == known
    shop.sources.put(replace(known, key_arn="arn:2"))
    assert shop.sources.get("alice") == replace(known, key_arn="arn:2")
