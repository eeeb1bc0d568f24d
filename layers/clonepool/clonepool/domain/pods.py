"""The pod: states, transitions, and what entitles to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class PodState(StrEnum):
    """`CREATING -> WARM -> ASSIGNED -> READY -> RESETTING -> WARM`; from any: QUARANTINED, DELETING."""

    CREATING = "CREATING"
    WARM = "WARM"
    ASSIGNED = "ASSIGNED"
    READY = "READY"
    RESETTING = "RESETTING"
    QUARANTINED = "QUARANTINED"
    DELETING = "DELETING"


LEASED = frozenset({PodState.ASSIGNED, PodState.READY})
SETTLING = frozenset({PodState.CREATING, PodState.RESETTING})

TRANSITIONS: dict[PodState, frozenset[PodState]] = {
    PodState.CREATING: frozenset({PodState.WARM, PodState.ASSIGNED, PodState.QUARANTINED, PodState.DELETING}),
    PodState.WARM: frozenset({PodState.ASSIGNED, PodState.QUARANTINED, PodState.DELETING}),
    PodState.ASSIGNED: frozenset(
        {PodState.READY, PodState.RESETTING, PodState.QUARANTINED, PodState.DELETING}
    ),
    PodState.READY: frozenset({PodState.RESETTING, PodState.QUARANTINED, PodState.DELETING}),
    PodState.RESETTING: frozenset(
        {PodState.WARM, PodState.ASSIGNED, PodState.QUARANTINED, PodState.DELETING}
    ),
    PodState.QUARANTINED: frozenset({PodState.DELETING}),
    PodState.DELETING: frozenset(),
}


def may_become(old: PodState, new: PodState) -> bool:
    """Whether the state machine has this transition."""
    return new in TRANSITIONS[old]


STATUS_LABEL: dict[PodState, str] = {
    PodState.CREATING: "creating",
    PodState.WARM: "ready",
    PodState.ASSIGNED: "assigned",
    PodState.READY: "serving",
    PodState.RESETTING: "resetting",
    PodState.QUARANTINED: "quarantined",
    PodState.DELETING: "resetting",
}
"""The `pool-status` label that mirrors each state; NetworkPolicies select on it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong last, for people: a stable code, a sentence, epoch seconds."""

    code: str
    detail: str
    at: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence that one generation of a pod is clean.

    Attributes:
        generation: the generation that was verified; a proof of another generation is worth nothing.
        proved_at: epoch seconds.
        reset_ms: from the kill (or first start) to the verified page.
        checks: per container and check, e.g.
            {"wordpress.files": {"ok": True, "count": 3121, "digest": "sha256:..."}}.
        template_hash: the template that the pod was built from.
        images: per container the image as the kubelet reports it, by digest.
        times: per container `killed_at`, `restored_at` and `started_at` in ISO 8601.
    """

    generation: int
    proved_at: int
    reset_ms: int
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    template_hash: str = ""
    images: dict[str, str] = field(default_factory=dict)
    times: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What made a pod suspicious, kept while it is quarantined and, without `logs`, in the lease history.

    Attributes:
        generation: the generation that did not prove clean; the lease before it is the one to ask about.
        findings: one sentence per difference, the first 20.
        checks: as in `Proof.checks`.
        logs: the end of each container's log, for as long as the pod's row exists.
    """

    generation: int
    at: int
    findings: tuple[str, ...]
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PodRef:
    """One generation of one pod: what a worker may touch. `uid` is None until the cluster gave one."""

    pod_name: str
    uid: str | None
    generation: int


@dataclass(frozen=True, slots=True)
class Pod:
    """A row of the pods table. Times are epoch seconds in UTC.

    Attributes:
        generation: fencing token, 1 for a new pod, one more at every reset, leased at most once.
        deadline_at: when the keeper looks at this pod; None only while WARM, or QUARANTINED and cut off.
        warm_since: set exactly while WARM.
        warm_shard: the partition of the index of warm pods that it lies in; set exactly while WARM.
        failures: leases in a row that failed for a reason that may lie in the pod.
        evidence: set exactly while QUARANTINED.
    """

    pod_name: str
    pool: str
    state: PodState
    generation: int
    template_hash: str
    created_at: int
    state_since: int
    pod_uid: str | None = None
    clone_id: str | None = None
    lease_id: str | None = None
    reuse_count: int = 0
    deadline_at: int | None = None
    warm_since: int | None = None
    warm_shard: int | None = None
    proof: Proof | None = None
    last_failure: Failure | None = None
    failures: int = 0
    evidence: Evidence | None = None

    @property
    def ref(self) -> PodRef:
        """The identity that commands and patches are conditional on."""
        return PodRef(self.pod_name, self.pod_uid, self.generation)

    @property
    def proven(self) -> bool:
        """Whether the proof belongs to the current generation."""
        return self.proof is not None and self.proof.generation == self.generation
