"""Who had which pod: what is kept of leases, by the fake and by DynamoDB alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clonepool.adapters.dynamodb import Database, stores_on
from clonepool.domain.outbound import Attempt, Outbound, Tally
from clonepool.domain.pods import Proof
from clonepool.errors import CloneExists
from tests.contract.shop import NOW, Shop, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.adapters.dynamodb import TableNames

DAY = 24 * 3600


def test_history_is_completed_once_and_gets_its_proof(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    assert clone.pod_name

    shop.leases.end_lease(clone.pod_name, 1, now=NOW + 9, result="reset: young")
    shop.leases.end_lease(clone.pod_name, 1, now=NOW + 20, result="clean", proof=Proof(2, NOW + 20, 2400))
    shop.leases.end_lease("wp-unknown", 1, now=NOW, result="nothing")

    lease = shop.leases.last_lease("alice")
    assert lease
    assert (lease.ended_at, lease.result) == (NOW + 9, "reset: young")
    assert lease.proof
    assert lease.proof["generation"] == 2


def test_a_ledger_is_kept_with_its_lease_and_makes_up_none(shop: Shop) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    assert clone.pod_name
    attempts = (Attempt(NOW, "mail", "example.org", "wp_mail", "plugins/shop", "blocked"),)
    ledger = Outbound(NOW + 5, attempts, (Tally("http", "*", "blocked", 12),))

    shop.leases.keep_outbound(clone.pod_name, 1, Outbound(NOW))
    shop.leases.keep_outbound(clone.pod_name, 1, ledger)
    shop.leases.keep_outbound(clone.pod_name, 2, ledger)

    lease = shop.leases.last_lease("alice")
    assert lease
    assert (lease.generation, lease.outbound, lease.ended_at) == (1, ledger, None)


def test_a_clone_that_never_had_a_pod_is_remembered(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    with pytest.raises(CloneExists):
        shop.leases.queue(waiting(lease="lease-2"))

    assert shop.leases.lease_of(clone) is None
    assert shop.leases.remove(clone)

    lease = shop.leases.last_lease("alice")
    assert lease
    assert (lease.pod_name, lease.generation, lease.lease_id) == (None, None, clone.lease_id)
    assert (lease.customer_id, lease.started_at) == ("alice", NOW)


def test_a_clone_that_got_its_pod_at_once_has_the_history_of_both(shop: Shop) -> None:
    shop.open("alice")
    clone = waiting()
    shop.leases.queue(clone)
    bound = shop.leases.bind(shop.warm_pods(1)[0], clone, NOW)
    ledger = Outbound(NOW)
    assert bound.pod_name
    shop.leases.keep_outbound(bound.pod_name, 1, ledger)

    lease = shop.leases.lease_of(bound)
    assert lease
    assert (lease.pod_name, lease.lease_id, lease.outbound) == (bound.pod_name, clone.lease_id, ledger)


@pytest.mark.dynamodb
def test_every_row_of_the_history_goes_after_90_days(
    fresh_tables: Callable[[], TableNames], dynamodb_url: str
) -> None:
    database = Database.connect(fresh_tables(), endpoint=dynamodb_url)
    stores = stores_on(database)
    shop = Shop(stores.leases, stores.pods, stores.pools, stores.sources)
    shop.open("alice", "bob")
    shop.leased()
    shop.leases.queue(waiting("bob"))

    kept = {row.clone_id: row.expires_at - row.started_at for row in database.models.leases.scan()}
    assert kept == {"alice": 90 * DAY, "bob": 90 * DAY}
