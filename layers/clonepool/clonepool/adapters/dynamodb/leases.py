"""Clones, and the transactions that bind them to pods, in DynamoDB. The heart of the system."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from clonepool.adapters.dynamodb.errors import CONDITION, CONFLICT, Cancelled, ConditionFailed
from clonepool.adapters.dynamodb.history import History
from clonepool.adapters.dynamodb.models import every
from clonepool.adapters.dynamodb.rows import clone_row, lease_row, pod_row, to_clone, waiting_row
from clonepool.domain.clones import CloneState
from clonepool.domain.lease import completed, importing, next_look_at, served
from clonepool.domain.pods import PodState
from clonepool.domain.transitions import to_assigned
from clonepool.errors import CloneExists, PodTaken, SourceNotRegistered, StaleRow, StoreBusy

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

    from clonepool.adapters.dynamodb.models import CloneRow, PodRow
    from clonepool.domain.clones import Clone, Progress
    from clonepool.domain.pods import Failure, Pod

ALL_OLD = "ALL_OLD"
# Places in the claim's transaction: PynamoDB sends condition checks first, then puts as they were added.
SOURCE, CLONE, POD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class DynamoLeases(History):
    """See `clonepool.ports.Leases`. Reads are in `CloneQueries`, the history in `History`."""

    def claim(self, pod: Pod, clone: Clone, now: int) -> None:
        models, assigned = self.database.models, to_assigned(pod, clone, now)

        def fill(transaction: TransactWrite) -> None:
            self._registered(transaction, clone)
            transaction.save(clone_row(models, clone), self.clones.clone_id.does_not_exist(), ALL_OLD)
            transaction.save(pod_row(models, assigned), self._claimable(pod))
            transaction.save(lease_row(models, pod, clone, now), models.leases.pod_name.does_not_exist())

        try:
            self.database.transact_once(fill)
        except Cancelled as cancelled:
            raise self._lost(cancelled, clone, pod) from cancelled

    def queue(self, clone: Clone) -> None:
        def fill(transaction: TransactWrite) -> None:
            self._registered(transaction, clone)
            row = clone_row(self.database.models, clone)
            transaction.save(row, self.clones.clone_id.does_not_exist(), ALL_OLD)
            transaction.save(waiting_row(self.database.models, clone))

        try:
            self.database.transact(fill)
        except Cancelled as cancelled:
            raise self._not_absent(cancelled, clone) from cancelled

    def bind(self, pod: Pod, clone: Clone, now: int) -> Clone:
        models, bound = self.database.models, importing(clone, pod)
        free = self._claimable(pod) if pod.state is PodState.WARM else self._same(pod)
        waiting = every(self._in(clone, CloneState.QUEUED), self.clones.expires_at > now)

        def fill(transaction: TransactWrite) -> None:
            transaction.save(clone_row(models, bound), waiting)
            transaction.save(pod_row(models, to_assigned(pod, bound, now)), free)
            transaction.save(lease_row(models, pod, bound, now), models.leases.pod_name.does_not_exist())

        try:
            self.database.transact(fill)
        except Cancelled as cancelled:
            if cancelled.code(0) == CONDITION:
                raise StaleRow(f"{clone.clone_id} does not wait any more") from cancelled
            raise PodTaken(pod.pod_name) from cancelled
        return bound

    def progress(self, clone: Clone, progress: Progress, deadline_at: int) -> None:
        eta_seconds = None if clone.state is CloneState.READY else progress.eta_seconds
        shown: list[Action] = [
            self.clones.progress.set(asdict(progress)),
            _set_or_remove(self.clones.eta_seconds, eta_seconds),
        ]
        self._show(clone, shown, deadline_at)

    def complete(
        self, clone: Clone, *, now: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        done = replace(
            clone,
            progress=completed(clone.progress),
            timings_ms=timings_ms,
            fidelity=fidelity,
            eta_seconds=None,
        )
        shown: list[Action] = [
            self.clones.progress.set(asdict(done.progress)),
            self.clones.timings_ms.set(timings_ms),
            self.clones.fidelity.set(fidelity),
        ]
        self._show(clone, shown, next_look_at(done, now))
        return done

    def ready(
        self, clone: Clone, *, now: int, expires_at: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        done = served(clone, now=now, expires_at=expires_at, timings_ms=timings_ms, fidelity=fidelity)
        serving = [
            self.pods.state.set(PodState.READY.value),
            self.pods.state_since.set(now),
            self.pods.deadline_at.set(next_look_at(done, now)),
        ]
        alive = every(self._in(clone, CloneState.IMPORTING), self.clones.expires_at > now)

        def fill(transaction: TransactWrite) -> None:
            transaction.save(clone_row(self.database.models, done), alive)
            transaction.update(self._pod_key(clone), list(serving), self._leased_to(clone))

        self._or_stale(fill, clone)
        return done

    def fail(self, clone: Clone, failure: Failure) -> None:
        actions = [
            self.clones.state.set(CloneState.FAILED.value),
            self.clones.failure.set(asdict(failure)),
            self.clones.eta_seconds.remove(),
        ]
        self._update(clone, actions, self._in(clone, clone.state))

    def extend(self, clone: Clone, expires_at: int, now: int) -> Clone:
        live = self.clones.state != CloneState.FAILED.value
        longer = self.clones.expires_at <= expires_at
        alive = every(self._of(clone), live, self.clones.expires_at > now, longer)
        return to_clone(self._update(clone, [self.clones.expires_at.set(expires_at)], alive))

    def remove(self, clone: Clone) -> bool:
        as_read = every(self._of(clone), self.clones.expires_at == clone.expires_at)
        try:
            self.database.call(lambda: self._clone_key(clone).delete(as_read))
        except ConditionFailed:
            return False
        return True

    @property
    def pods(self) -> type[PodRow]:
        """The bound model of pods."""
        return self.database.models.pods

    def _registered(self, transaction: TransactWrite, clone: Clone) -> None:
        sources = self.database.models.sources
        transaction.condition_check(sources, clone.customer_id, condition=sources.customer_id.exists())

    def _of(self, clone: Clone) -> Condition:
        return every(self.clones.lease_id == clone.lease_id)

    def _in(self, clone: Clone, state: CloneState) -> Condition:
        return every(self._of(clone), self.clones.state == state.value)

    def _same(self, pod: Pod) -> Condition:
        return every(self.pods.state == pod.state.value, self.pods.generation == pod.generation)

    def _claimable(self, pod: Pod) -> Condition:
        proven = self.pods.proof_generation == pod.generation
        return every(self._same(pod), proven, self.pods.template_hash == pod.template_hash)

    def _leased_to(self, clone: Clone) -> Condition:
        state = PodState.READY if clone.state is CloneState.READY else PodState.ASSIGNED
        return every(
            self.pods.lease_id == clone.lease_id,
            self.pods.generation == clone.generation,
            self.pods.state == state.value,
        )

    def _show(self, clone: Clone, shown: list[Action], deadline_at: int) -> None:
        """Change the row of a live import, in the state as read, and its pod's deadline."""

        def fill(transaction: TransactWrite) -> None:
            transaction.update(self._clone_key(clone), shown, self._in(clone, _importing(clone)))
            moved: list[Action] = [self.pods.deadline_at.set(deadline_at)]
            transaction.update(self._pod_key(clone), moved, self._leased_to(clone))

        self._or_stale(fill, clone)

    def _clone_key(self, clone: Clone) -> CloneRow:
        return self.clones(clone.clone_id)

    def _pod_key(self, clone: Clone) -> PodRow:
        return self.pods(clone.pod_name)

    def _or_stale(self, fill: Any, clone: Clone) -> None:
        try:
            self.database.transact(fill)
        except Cancelled as cancelled:
            raise StaleRow(f"{clone.clone_id} is no longer this lease") from cancelled

    def _update(self, clone: Clone, actions: list[Any], condition: Condition) -> CloneRow:
        row = self._clone_key(clone)
        try:
            self.database.call(lambda: row.update(list(actions), condition=condition))
        except ConditionFailed as failed:
            raise StaleRow(f"{clone.clone_id} is no longer this lease") from failed
        return row

    def _lost(self, cancelled: Cancelled, clone: Clone, pod: Pod) -> Exception:
        """Why a claim changed nothing. What the caller did wrong comes before what others did faster."""
        if CONDITION in (cancelled.code(SOURCE), cancelled.code(CLONE)):
            return self._not_absent(cancelled, clone)
        if cancelled.refused or cancelled.code(POD) == CONFLICT:
            return PodTaken(pod.pod_name)
        return StoreBusy("Too many claims at once; try again.")

    def _not_absent(self, cancelled: Cancelled, clone: Clone) -> Exception:
        if cancelled.code(SOURCE) == CONDITION:
            return SourceNotRegistered(clone.customer_id)
        found = self._found(cancelled, clone)
        return CloneExists(found) if found else StoreBusy("The clone changes at this moment; try again.")

    def _found(self, cancelled: Cancelled, clone: Clone) -> Clone | None:
        """The clone in the way: DynamoDB sends it along; where it does not, read it."""
        reason = cancelled.reasons[CLONE]
        if reason and reason.raw_item:
            return to_clone(self.clones.from_raw_data(reason.raw_item))
        return self.get(clone.clone_id)


def _importing(clone: Clone) -> CloneState:
    """The state in which this clone's import may report: while it is waited for, or while files follow."""
    return CloneState.READY if clone.state is CloneState.READY else CloneState.IMPORTING


def _set_or_remove(attribute: Any, value: int | None) -> Any:
    return attribute.remove() if value is None else attribute.set(value)
