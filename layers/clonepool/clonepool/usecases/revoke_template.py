"""An operator has lost trust in a template: what its pods are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.errors import NotFound

if TYPE_CHECKING:
    from clonepool.domain.pool import Pool
    from clonepool.ports import Clock, Pools


@dataclass(frozen=True, slots=True)
class RevokeTemplate:
    """No pod of this template is handed out from now on, whatever is deployed.

    The next tick deletes the free ones; clones that have one keep it until they end.
    """

    pools: Pools
    clock: Clock
    pool: str

    def __call__(self, template_hash: str) -> None:
        """Repeating has no effect. Raises NotFound: the pool does not know it, so it may be mistyped."""
        pool = self.pools.get(self.pool)
        if pool is None or template_hash not in _known(pool):
            raise NotFound(f"Pool {self.pool} knows no template {template_hash[:64]}; GET /pool names them.")
        if template_hash in pool.revoked_templates:
            return
        self.pools.revoke(self.pool, template_hash)
        self.pools.note(self.pool, f"template {template_hash} revoked by an operator", self.clock.now())


def _known(pool: Pool) -> set[str]:
    return {pool.current_template, *pool.accepted_templates, *pool.revoked_templates}
