"""What DynamoDB's refusals mean to us. The only file that knows botocore's and PynamoDB's errors.

Failed conditions are part of the game; throttling, conflicts and broken connections are worth another try;
everything else is a fault of ours (permissions, a missing table, an invalid call).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BrokenConnection
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from clonepool.errors import ClonepoolError, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.exceptions import CancellationReason

STORE_ERRORS = (PynamoDBException, BotoCoreError, ClientError)

CONDITION = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"

_BUSY = frozenset(
    {
        "InternalServerError",
        "InternalServerErrorException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class ConditionFailed(Exception):
    """The condition of a single write does not hold."""


class Cancelled(Exception):
    """A transaction was cancelled. `reasons` are in the order of its items, None where an item was fine."""

    def __init__(self, reasons: Sequence[CancellationReason | None]) -> None:
        super().__init__(", ".join(reason.code if reason else "-" for reason in reasons))
        self.reasons = reasons

    def code(self, item: int) -> str | None:
        """What went wrong with the item at this place."""
        reason = self.reasons[item]
        return reason.code if reason else None

    @property
    def refused(self) -> bool:
        """Whether a condition failed, so that trying the same again is pointless."""
        return any(reason and reason.code == CONDITION for reason in self.reasons)


def translated(error: Exception) -> Exception:
    """The error of ours that stands for one of PynamoDB or botocore."""
    code = _code(error)
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(str(error))
    if code == "TransactionCanceledException" and isinstance(error, TransactWriteError):
        return Cancelled(error.cancellation_reasons)
    if code in _BUSY or _connection_broke(error):
        return StoreBusy("The database is busy; try again.")
    return ClonepoolError(f"The database refused a call: {code or type(error).__name__}.")


def _code(error: Exception) -> str | None:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    if isinstance(cause, ClientError):
        return cause.response.get("Error", {}).get("Code")
    return None


def _connection_broke(error: Exception) -> bool:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    return isinstance(cause, HTTPClientError | BrokenConnection)
