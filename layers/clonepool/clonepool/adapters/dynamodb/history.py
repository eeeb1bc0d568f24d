"""Who had which pod, in DynamoDB."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.dynamodb.database import possible
from clonepool.adapters.dynamodb.errors import ConditionFailed
from clonepool.adapters.dynamodb.queries import CloneQueries
from clonepool.adapters.dynamodb.rows import to_lease

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from clonepool.domain.clones import Clone, Lease
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Evidence, Proof


@dataclass(frozen=True, slots=True)
class History(CloneQueries):
    """The part of `clonepool.ports.Leases` that looks back."""

    def last_lease(self, clone_id: str) -> Lease | None:
        if not possible(clone_id):
            return None
        index = self.database.models.leases.clone
        rows = self.database.call(lambda: list(index.query(clone_id, scan_index_forward=False, limit=1)))
        return to_lease(rows[0]) if rows else None

    def lease_of(self, clone: Clone) -> Lease | None:
        if clone.pod_name is None:
            return None
        row = self.database.find(self.database.models.leases, clone.pod_name, clone.generation)
        return to_lease(row) if row else None

    def end_lease(
        self,
        pod_name: str,
        generation: int,
        *,
        now: int,
        result: str,
        proof: Proof | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        model = self.database.models.leases
        actions: list[Action] = [
            model.ended_at.set(model.ended_at | now),
            model.result.set(model.result | result),
        ]
        if proof:
            actions.append(model.proof.set(asdict(proof)))
        if evidence:
            actions.append(model.evidence.set({**asdict(evidence), "logs": {}}))
        self._complete(pod_name, generation, actions)

    def keep_outbound(self, pod_name: str, generation: int, outbound: Outbound) -> None:
        kept = self.database.models.leases.outbound.set(asdict(outbound))
        self._complete(pod_name, generation, [kept])

    def _complete(self, pod_name: str, generation: int, actions: list[Action]) -> None:
        """Change a lease that is there; a late call must not make one up."""
        model = self.database.models.leases
        row = model(pod_name, generation)
        try:
            self.database.call(lambda: row.update(list(actions), condition=model.pod_name.exists()))
        except ConditionFailed:
            return
