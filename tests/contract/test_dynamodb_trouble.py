"""What DynamoDB Local never does by itself: conflicts, throttling, lost answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.adapters.dynamodb import stores_on
from clonepool.adapters.dynamodb.database import Database
from clonepool.domain.clones import CloneState, Progress
from clonepool.domain.lease import CloneRequest
from clonepool.domain.pods import PodState
from clonepool.domain.transitions import to_deleting
from clonepool.errors import ClonepoolError, PodTaken, SourceNotRegistered, StoreBusy
from tests.contract.shop import NOW, POOL, Shop, leasing, requesting, waiting
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.adapters.dynamodb import TableNames

pytestmark = pytest.mark.dynamodb

CLAIM_ITEMS = ("source", "clone", "pod", "lease")
CONFLICTS = {"source": StoreBusy, "clone": StoreBusy, "pod": PodTaken, "lease": StoreBusy}


@dataclass
class Trouble:
    """Answers the next calls of an operation in DynamoDB's place."""

    database: Database
    answers: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    def on(self, operation: str, *answers: dict[str, Any]) -> None:
        self.answers += answers
        events = self.database.connection.client.meta.events
        events.register(f"before-call.dynamodb.{operation}", self._answer)

    def after(self, operation: str) -> None:
        """The next call is carried out, but its answer is lost."""
        self.answers.append({"Error": {"Code": "InternalServerError", "Message": "lost"}})
        events = self.database.connection.client.meta.events
        events.register(f"after-call.dynamodb.{operation}", self._lose)

    def _answer(self, **_: Any) -> Any:
        self.asked += 1
        if not self.answers:
            return None
        return _Refused(), {**self.answers.pop(0), "ResponseMetadata": {}}

    def _lose(self, http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        self.asked += 1
        if self.answers:
            parsed.clear()
            parsed.update(self.answers.pop(0))
            http_response.status_code = 500


class _Refused:
    status_code = 400


def cancelled(*codes: str) -> dict[str, Any]:
    return {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }


def refused(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "no"}}


@pytest.fixture
def database(fresh_tables: Callable[[], TableNames], dynamodb_url: str) -> Database:
    """Patience runs by a clock that sleeping moves."""
    clock = FakeClock()
    connected = Database.connect(fresh_tables(), endpoint=dynamodb_url)
    return replace(connected, sleep=clock.sleep, monotonic=clock.monotonic)


@pytest.fixture
def shop(database: Database) -> Shop:
    stores = stores_on(database)
    return Shop(stores.leases, stores.pods, stores.pools, stores.sources)


@pytest.fixture
def trouble(database: Database) -> Trouble:
    return Trouble(database)


@pytest.mark.parametrize("item", CLAIM_ITEMS)
def test_a_conflict_on_each_item_of_the_claim(shop: Shop, trouble: Trouble, item: str) -> None:
    shop.open("alice")
    pod = shop.warm_pods(1)[0]
    codes = ["TransactionConflict" if item == name else "None" for name in CLAIM_ITEMS]
    trouble.on("TransactWriteItems", cancelled(*codes))

    with pytest.raises(CONFLICTS[item]):
        shop.leases.claim(pod, leasing(pod), NOW)

    assert shop.leases.get("alice") is None
    shop.leases.claim(pod, leasing(pod), NOW)


@pytest.mark.parametrize("item", CLAIM_ITEMS)
def test_a_request_gets_its_clone_through_a_conflict(shop: Shop, trouble: Trouble, item: str) -> None:
    shop.open("alice")
    shop.warm_pods(2)
    codes = ["TransactionConflict" if item == name else "None" for name in CLAIM_ITEMS]
    trouble.on("TransactWriteItems", cancelled(*codes))

    admission = requesting(shop)(CloneRequest.of("alice"))

    assert admission.new
    assert admission.clone.state is CloneState.IMPORTING


def test_a_missing_source_is_named_before_anything_else(shop: Shop, trouble: Trouble) -> None:
    shop.open("alice")
    pod = shop.warm_pods(1)[0]
    trouble.on(
        "TransactWriteItems", cancelled("ConditionalCheckFailed", "None", "TransactionConflict", "None")
    )

    with pytest.raises(SourceNotRegistered):
        shop.leases.claim(pod, leasing(pod), NOW)


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_a_throttled_claim_is_told_and_the_request_tries_again(
    shop: Shop, trouble: Trouble, code: str
) -> None:
    shop.open("alice")
    pod = shop.warm_pods(1)[0]
    trouble.on("TransactWriteItems", refused(code))

    with pytest.raises(StoreBusy):
        shop.leases.claim(pod, leasing(pod), NOW)

    trouble.answers.append(refused(code))
    assert requesting(shop)(CloneRequest.of("alice")).clone.state is CloneState.IMPORTING


def test_throttling_within_a_transaction_is_retried(shop: Shop, trouble: Trouble) -> None:
    shop.open("alice")
    _, clone = shop.leased()
    trouble.on(
        "TransactWriteItems", cancelled("None", "ThrottlingError"), cancelled("TransactionConflict", "None")
    )

    shop.leases.progress(clone, Progress("rows", 50), NOW + 90)

    assert trouble.asked == 3
    row = shop.leases.get("alice")
    assert row
    assert row.progress.percent == 50


@pytest.mark.parametrize("operation", ["GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"])
def test_throttling_of_each_call_is_retried(shop: Shop, trouble: Trouble, operation: str) -> None:
    shop.open("alice")
    shop.leases.queue(waiting())
    pod = shop.warm_pods(1)[0]
    trouble.on(operation, refused("ThrottlingException"), refused("InternalServerError"))

    assert shop.leases.get("alice") == waiting()
    assert shop.pods.warm(POOL) == [pod]
    assert shop.pods.of_pool(POOL) == [pod]
    shop.pods.change(pod, to_deleting(pod, NOW))
    shop.leases.extend(waiting(), waiting().expires_at + 60, NOW)
    assert not shop.leases.remove(waiting())
    assert trouble.answers == []


def test_throttling_that_does_not_end_is_told(shop: Shop, trouble: Trouble) -> None:
    shop.open("alice")
    trouble.on("GetItem", *[refused("ThrottlingException")] * 500)

    with pytest.raises(StoreBusy):
        shop.leases.get("alice")


def test_a_fault_of_ours_is_not_retried(shop: Shop, trouble: Trouble) -> None:
    trouble.on("GetItem", refused("AccessDeniedException"))

    with pytest.raises(ClonepoolError, match="AccessDeniedException") as raised:
        shop.leases.get("alice")

    assert raised.value.status == 500
    assert trouble.asked == 1


def test_a_change_whose_answer_was_lost_counts(shop: Shop, trouble: Trouble) -> None:
    shop.open("alice")
    pod = shop.warm_pods(1)[0]
    trouble.after("PutItem")

    gone = shop.pods.change(pod, to_deleting(pod, NOW))

    assert shop.pods.get(pod.pod_name) == gone


def test_a_claim_whose_answer_was_lost_is_found_again(shop: Shop, trouble: Trouble) -> None:
    shop.open("alice")
    shop.warm_pods(2)
    trouble.after("TransactWriteItems")

    admission = requesting(shop)(CloneRequest.of("alice"))

    assert shop.leases.get("alice") == admission.clone
    assert len([p for p in shop.pods.of_pool(POOL) if p.state is PodState.ASSIGNED]) == 1


def test_the_last_pod_is_claimed_but_the_answer_lost_and_the_request_repeated(
    shop: Shop, trouble: Trouble
) -> None:
    shop.open("alice")
    shop.warm_pods(1)
    trouble.after("TransactWriteItems")
    once = CloneRequest.of("alice", on_empty="reject")

    first, again = requesting(shop)(once), requesting(shop)(once)

    assert shop.leases.get("alice") == first.clone == again.clone
    assert not again.new


def test_an_unreachable_database_is_busy(fresh_tables: Callable[[], TableNames], dynamodb_url: str) -> None:
    clock = FakeClock()
    nowhere = Database.connect(fresh_tables(), endpoint="http://127.0.0.1:1")
    stores = stores_on(replace(nowhere, sleep=clock.sleep, monotonic=clock.monotonic))

    with pytest.raises(StoreBusy):
        stores.leases.get("alice")
