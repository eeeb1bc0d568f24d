"""A new or reset pod becomes warm, by proof and no other way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.pods import PodState, Proof
from clonepool.domain.proving import suspicious
from clonepool.domain.transitions import gives_up_at, heartbeat, to_warm
from clonepool.errors import ClusterUnavailable, LostRace, StaleObject, StaleRow
from clonepool.usecases.patience import Budget

if TYPE_CHECKING:
    from clonepool.domain.observed import Verdict
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool
    from clonepool.ports import Clock, Cluster, Leases, Pods, Pools
    from clonepool.usecases.delete_pod import DeletePod
    from clonepool.usecases.mirror import Mirror
    from clonepool.usecases.seat_queued import SeatQueued
    from clonepool.usecases.start_pod import StartPod
    from clonepool.usecases.suspect_pod import SuspectPod

KINDS = {PodState.CREATING: "create", PodState.RESETTING: "reset"}


def _proof(pod: Pod, verdict: Verdict, now: int) -> Proof:
    return Proof(
        generation=verdict.generation,
        proved_at=now,
        reset_ms=verdict.reset_ms,
        checks=verdict.checks,
        template_hash=pod.template_hash,
        images=verdict.images,
        times=verdict.times,
    )


@dataclass(frozen=True, slots=True)
class SettlePod:
    """Start, ask the verifiers until they are settled, store the proof: WARM, or bound to a waiting clone.

    Anything unclear deletes the pod (design invariant 6): an object that is not as the row says, a state that
    lasts longer than the policy allows. A finding makes it suspicious.

    Attributes:
        budget_seconds: how long one run waits; after it, and the row's deadline, the keeper goes on.
    """

    leases: Leases
    pods: Pods
    pools: Pools
    cluster: Cluster
    clock: Clock
    start: StartPod
    seat: SeatQueued
    mirror: Mirror
    delete: DeletePod
    suspect: SuspectPod
    budget_seconds: float = 200
    poll_seconds: float = 0.2

    def __call__(self, pod: Pod) -> None:
        """`pod` is a CREATING or RESETTING row as read; repeating goes on. Raises StaleRow, StoreBusy."""
        budget = Budget.of(self.clock, self.budget_seconds)
        policy = self._pool(pod).policy
        started, verdict = False, None
        while not budget.spent:
            try:
                pod = pod if started else self.start(pod)
                started = True
                verdict = self.cluster.verify(pod.ref)
            except StaleObject as stale:
                return self.delete.condemn(pod, "not_as_recorded", str(stale))
            except ClusterUnavailable:
                pass  # asked again, until the state has lasted too long
            if verdict and verdict.settled:
                return self._conclude(pod, verdict)
            if self.clock.now() >= gives_up_at(pod, policy):
                return self._give_up(pod, verdict)
            pod = self._beat(pod)
            budget.pause_about(self.poll_seconds)

    def _pool(self, pod: Pod) -> Pool:
        pool = self.pools.get(pod.pool)
        if pool is None:
            raise StaleRow(f"pool {pod.pool} is gone")
        return pool

    def _beat(self, pod: Pod) -> Pod:
        """Move the deadline in time; and in case the kubelet has missed the Secret, remind it."""
        moved = heartbeat(pod, self.clock.now())
        if moved is None:
            return pod
        moved = self.pods.change(pod, moved)
        try:
            self.cluster.nudge(moved.ref)
        except (ClusterUnavailable, StaleObject):
            return moved  # the next question to the verifier finds out what is wrong
        return moved

    def _conclude(self, pod: Pod, verdict: Verdict) -> None:
        if verdict.generation != pod.generation:
            return self.delete.condemn(
                pod, "not_as_recorded", f"it speaks of generation {verdict.generation}"
            )
        if not verdict.ok and suspicious(verdict.checks):
            return self.suspect(pod, verdict)
        if not verdict.ok:
            return self.delete.condemn(pod, "not_reusable", "; ".join(verdict.findings))
        pool = self._pool(pod)
        if pod.template_hash not in pool.accepted_templates:
            return self.delete.condemn(pod, "template_revoked", f"template {pod.template_hash} is revoked")
        return self._promote(pod, _proof(pod, verdict, self.clock.now()), pool.policy.warm_shards)

    def _give_up(self, pod: Pod, last: Verdict | None) -> None:
        """Counted for the decision about the next reset; a finding is not: that is one site's doing."""
        if pod.state is PodState.RESETTING and last and last.findings:
            return self.suspect(pod, last)
        if pod.state is PodState.RESETTING:
            self._measure(pod, "reset_failed")
        doing = f", the last seen: {last.doing}" if last and last.doing else ""
        return self.delete.condemn(pod, "not_settled", f"{pod.state.value} took too long{doing}")

    def _measure(self, pod: Pod, kind: str, milliseconds: int = 0) -> None:
        self.pools.note(pod.pool, "", self.clock.now(), measured_ms={kind: milliseconds})

    def _promote(self, pod: Pod, proof: Proof, shards: int) -> None:
        now = self.clock.now()
        if pod.state is PodState.RESETTING:
            self.leases.end_lease(pod.pod_name, pod.generation - 1, now=now, result="clean", proof=proof)
        self._measure(pod, KINDS[pod.state], 1000 * (now - pod.state_since))
        if self.seat(replace(pod, proof=proof)):
            return
        warm = self.pods.change(pod, to_warm(pod, proof, now, shards))
        if not self._seated_late(warm):
            self._show(warm)

    def _seated_late(self, warm: Pod) -> bool:
        """Who queued between the look at the queue and the change to WARM would wait for the next tick."""
        try:
            return self.seat(warm) is not None
        except LostRace:
            return True

    def _show(self, warm: Pod) -> None:
        """The row decides, the label only says so: the keeper mends one that failed."""
        try:
            self.mirror(warm)
        except (ClusterUnavailable, StaleObject):
            return
