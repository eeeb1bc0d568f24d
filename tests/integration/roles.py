"""IAM's part: while a function runs, its calls to DynamoDB need a grant in its role of template.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from lab.aws.template import STACK, load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = {
    "clone_api": "CloneApiRole",
    "clone_worker": "CloneWorkerRole",
    "pod_return": "PodReturnRole",
    "pool_keeper": "PoolKeeperRole",
}
_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


class AccessDenied(AssertionError):
    """The function's role does not allow what it did."""


@dataclass(frozen=True)
class Right:
    """One action on one table or index, e.g. Query on ClonesTable/index/expiry."""

    action: str
    resource: str


@cache
def granted(function: str) -> set[Right]:
    """What the template lets the function do in DynamoDB."""
    policies = load().resources[ROLES[function]].properties["Policies"]
    statements = [item for policy in policies for item in policy["PolicyDocument"]["Statement"]]
    return {
        Right(action.removeprefix("dynamodb:"), statement["Resource"].split(f":table/{STACK}-")[1])
        for statement in statements
        for action in statement["Action"]
        if action.startswith("dynamodb:")
    }


def needed(operation: str, arguments: dict[str, Any]) -> Iterator[Right]:
    """What IAM asks for one call."""
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            [(kind, part)] = item.items()
            yield Right(_IN_TRANSACTIONS[kind], _logical(part["TableName"]))
        return
    index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
    yield Right(operation, _logical(arguments["TableName"]) + index)


def _logical(table: str) -> str:
    return table.rsplit("-", 1)[-1]


@dataclass
class Guard:
    """Refuses what the running function's role does not allow, and remembers what was used."""

    function: str | None = None
    used: dict[str, set[Right]] = field(default_factory=dict)

    def watch(self, client: Any) -> None:
        """Stand before every call of a botocore client."""
        client.meta.events.register("before-parameter-build.dynamodb", self._check)

    def _check(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.function is None:
            return
        rights = set(needed(model.name, params))
        self.used.setdefault(self.function, set()).update(rights)
        if missing := rights - granted(self.function):
            raise AccessDenied(f"{ROLES[self.function]} of template.yaml does not grant {missing}")
