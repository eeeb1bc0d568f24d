"""All other rows, and the stores together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clonepool.domain.clones import Source
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool, PoolPolicy
    from clonepool.ports.leases import Leases


class Pods(Protocol):
    """Pod rows. Every change is conditional on existence, state and generation as read, else `StaleRow`."""

    def get(self, pod_name: str) -> Pod | None:
        """Strongly consistent read."""

    def warm(self, pool: str, shard: int = 0, limit: int = 50) -> list[Pod]:
        """Warm pods of one shard, the longest warm first (index read, may be stale: the claim decides)."""

    def of_pool(self, pool: str) -> list[Pod]:
        """All rows of the pool, consistent."""

    def due(self, pool: str, now: int, limit: int = 50) -> list[Pod]:
        """Rows whose deadline has passed, the most overdue first (index read, may be stale)."""

    def reserve(self, pool: Pool, pods: Sequence[Pod], decision: str, now: int) -> Pool:
        """Put CREATING rows (at most 50) and bump the pool's version, in one transaction. Raises StaleRow."""

    def change(self, pod: Pod, new: Pod) -> Pod:
        """Replace `pod` by `new` if the row still has `pod`'s state, generation and deadline.

        `new` must be a transition that the state machine has, or the same state. Index keys follow the
        state: `warm_*` only while WARM. Returns `new`. Raises StaleRow.
        """

    def remove(self, pod: Pod) -> None:
        """Delete a DELETING row. Gone already is success; another state raises StaleRow."""


class Pools(Protocol):
    """The row of each pool."""

    def get(self, pool: str) -> Pool | None:
        """Strongly consistent read."""

    def ensure(self, pool: str, policy: PoolPolicy, template_hash: str) -> Pool:
        """Create the row, or bring policy and template up to date (`domain.pool.rolled`)."""

    def revoke(self, pool: str, template_hash: str) -> Pool:
        """Take a template off the accepted list for good."""

    def note(
        self,
        pool: str,
        text: str,
        now: int,
        counters: dict[str, int] | None = None,
        measured_ms: dict[str, int] | None = None,
    ) -> None:
        """Append a decision in words (last 20 kept; no text, no decision), add to counters, append samples.

        Best effort: never raises.
        """


class Sources(Protocol):
    """Registered source sites."""

    def get(self, customer_id: str) -> Source | None:
        """Strongly consistent read."""

    def put(self, source: Source) -> None:
        """Put the row; one that is there is replaced."""

    def imported(self, customer_id: str, timings_ms: dict[str, int], preflight: dict[str, Any]) -> None:
        """Remember how long the last import took, for ETAs, and of what. No row, no effect."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The tables, behind their ports."""

    leases: Leases
    pods: Pods
    pools: Pools
    sources: Sources
