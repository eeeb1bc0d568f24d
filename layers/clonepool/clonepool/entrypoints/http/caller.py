"""Who calls: with a JWT one customer, with IAM the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from clonepool.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Caller:
    """`customer_id` is None for the operator, who may act for every customer."""

    customer_id: str | None

    @classmethod
    def of(cls, event: Mapping[str, Any], claim: str) -> Self:
        """From the authorizer that API Gateway has already believed. Raises Forbidden."""
        authorizer = event.get("requestContext", {}).get("authorizer") or {}
        if "jwt" not in authorizer:
            return cls(None)
        customer_id = (authorizer["jwt"].get("claims") or {}).get(claim)
        if not isinstance(customer_id, str) or not customer_id:
            raise Forbidden(f"The token has no claim {claim}; ask for one issued to a customer.")
        return cls(customer_id)

    def act_for(self, customer_id: str) -> str:
        """`customer_id`, if this caller may act for it. Raises Forbidden."""
        if self.customer_id not in (None, customer_id):
            raise Forbidden(f"The token is another customer's; use customer_id {self.customer_id}.")
        return customer_id

    def operate(self) -> None:
        """Raises Forbidden unless this is the operator."""
        if self.customer_id is not None:
            raise Forbidden("Only the operator may look at the pool; call with IAM credentials.")
