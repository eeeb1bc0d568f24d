"""The pool: its policy and the row that keepers compete on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """What the operator wants. Times in seconds.

    Attributes:
        min_warm, max_warm: the keeper creates below `min_warm` and deletes the oldest above `max_warm`.
        max_pods: never more rows than this, demand or not.
        create_seconds, reset_seconds, import_seconds, delete_seconds: how long a pod may be in a state;
            workers that died included, and the keeper that goes on comes every minute.
        warm_shards: partitions of the index of warm pods, so that claims do not all ask the same one.
        reuse: `never` replaces a used pod, `any` resets it for the next customer.
        on_suspicion: what becomes of a pod in which a verifier found a difference.
        max_quarantined: as many suspicious pods are kept; further ones are deleted.
    """

    min_warm: int = 1
    max_warm: int = 2
    max_pods: int = 10
    warm_shards: int = 1
    reuse: Literal["any", "never"] = "any"
    max_reuse_count: int = 50
    max_pod_age_seconds: int = 24 * 3600
    create_seconds: int = 180
    reset_seconds: int = 150
    import_seconds: int = 900
    delete_seconds: int = 60
    max_live_clones_per_customer: int = 5
    on_suspicion: Literal["delete", "quarantine"] = "delete"
    max_quarantined: int = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of the keeper in words, newest last in the pool row (at most 20)."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: when it ended, in epoch seconds, and how long it took."""

    at: int
    ms: int


SAMPLES_KEPT = 15
"""Of each kind in the pool row, newest last: enough for a median that one slow node does not move."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A row of the pools table; `version` goes up at every reservation (optimistic locking).

    Attributes:
        accepted_templates: only their pods are handed out: the current one, and the former while pods roll.
        revoked_templates: never accepted again, whatever is deployed.
        measured: the last durations by kind: `create` and `reset` up to the proof, `reset_failed` of those
            that did not get there in time.
    """

    pool: str
    version: int
    policy: PoolPolicy
    current_template: str
    accepted_templates: tuple[str, ...]
    revoked_templates: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    measured: dict[str, tuple[Sample, ...]] = field(default_factory=dict)

    def median_ms(self, kind: str) -> int | None:
        """The middle of the last durations of this kind; None before the first."""
        kept = self.measured.get(kind)
        return int(median(sample.ms for sample in kept)) if kept else None


TEMPLATES_KEPT = 2
"""The current template and the one before it; pods of an older one are replaced."""


def rolled(pool: Pool, template_hash: str) -> Pool:
    """`pool` with this template as the current one. A revoked one is deployed in vain."""
    if pool.current_template == template_hash:
        return pool
    candidates = dict.fromkeys((template_hash, *pool.accepted_templates))
    accepted = tuple(name for name in candidates if name not in pool.revoked_templates)
    return replace(pool, current_template=template_hash, accepted_templates=accepted[:TEMPLATES_KEPT])


def revoked(pool: Pool, template_hash: str) -> Pool:
    """`pool` without this template, for good."""
    return replace(
        pool,
        accepted_templates=tuple(name for name in pool.accepted_templates if name != template_hash),
        revoked_templates=tuple(dict.fromkeys((*pool.revoked_templates, template_hash))),
    )
