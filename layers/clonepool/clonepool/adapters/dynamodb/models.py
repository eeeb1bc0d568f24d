"""The rows as DynamoDB holds them. template.yaml defines tables and indexes; this is how rows read.

The models carry no table name: `Database` binds them, so nothing is read from the environment at import.
"""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, cast

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

EXPIRY_SHARD = "0"
"""All clones in one partition of the `expiry` index; thousands of live clones would want more."""


def warm_shard(pool: str, shard: int) -> str:
    """The partition of the `warm` index that this shard of a pool is."""
    return f"{pool}#{shard}"


def every(*conditions: Any) -> Condition:
    """All of these conditions together."""
    return cast("Condition", reduce(and_, conditions))


class WarmIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Warm pods, the longest warm first; sparse."""

    class Meta:
        index_name = "warm"
        projection = AllProjection()

    warm_shard = UnicodeAttribute(hash_key=True)
    warm_since = NumberAttribute(range_key=True)


class DeadlineIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Pods that somebody has to look at, the most overdue first; sparse."""

    class Meta:
        index_name = "deadline"
        projection = AllProjection()

    pool = UnicodeAttribute(hash_key=True)
    deadline_at = NumberAttribute(range_key=True)


class PodRow(Model):
    """A pod. `proof_generation` stands beside the proof so that a condition can ask for it."""

    pod_name = UnicodeAttribute(hash_key=True)
    pool = UnicodeAttribute()
    state = UnicodeAttribute()
    generation = NumberAttribute()
    template_hash = UnicodeAttribute()
    created_at = NumberAttribute()
    state_since = NumberAttribute()
    pod_uid = UnicodeAttribute(null=True)
    clone_id = UnicodeAttribute(null=True)
    lease_id = UnicodeAttribute(null=True)
    reuse_count = NumberAttribute(default=0)
    deadline_at = NumberAttribute(null=True)
    warm_shard = UnicodeAttribute(null=True)
    warm_since = NumberAttribute(null=True)
    proof = JSONAttribute(null=True)
    proof_generation = NumberAttribute(null=True)
    last_failure = JSONAttribute(null=True)
    failures = NumberAttribute(default=0)
    evidence = JSONAttribute(null=True)

    warm = WarmIndex()
    deadline = DeadlineIndex()


class CustomerIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """A customer's clones by age."""

    class Meta:
        index_name = "customer"
        projection = AllProjection()

    customer_id = UnicodeAttribute(hash_key=True)
    created_at = NumberAttribute(range_key=True)


class ExpiryIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """All clones by expiry."""

    class Meta:
        index_name = "expiry"
        projection = AllProjection()

    expiry_shard = UnicodeAttribute(hash_key=True)
    expires_at = NumberAttribute(range_key=True)


class CloneRow(Model):
    """A clone. `expires_at` is the TTL attribute."""

    clone_id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute()
    lease_id = UnicodeAttribute()
    state = UnicodeAttribute()
    pool = UnicodeAttribute()
    created_at = NumberAttribute()
    expires_at = NumberAttribute()
    expiry_shard = UnicodeAttribute(default=EXPIRY_SHARD)
    max_expires_at = NumberAttribute()
    ttl_minutes = NumberAttribute()
    start = JSONAttribute()
    name = UnicodeAttribute(null=True)
    access = UnicodeAttribute()
    allow_hosts = JSONAttribute(null=True)
    pod_name = UnicodeAttribute(null=True)
    generation = NumberAttribute(null=True)
    ready_at = NumberAttribute(null=True)
    eta_seconds = NumberAttribute(null=True)
    progress = JSONAttribute()
    timings_ms = JSONAttribute()
    fidelity = JSONAttribute()
    failure = JSONAttribute(null=True)

    customer = CustomerIndex()
    expiry = ExpiryIndex()


class CloneIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Leases of one clone id by time."""

    class Meta:
        index_name = "clone"
        projection = AllProjection()

    clone_id = UnicodeAttribute(hash_key=True)
    started_at = NumberAttribute(range_key=True)


class LeaseRow(Model):
    """Who had which generation of which pod, or waited for one. `expires_at`, for TTL, is 90 days later."""

    pod_name = UnicodeAttribute(hash_key=True)
    generation = NumberAttribute(range_key=True)
    clone_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    lease_id = UnicodeAttribute()
    started_at = NumberAttribute()
    expires_at = NumberAttribute()
    ended_at = NumberAttribute(null=True)
    result = UnicodeAttribute(null=True)
    proof = JSONAttribute(null=True)
    evidence = JSONAttribute(null=True)
    outbound = JSONAttribute(null=True)

    clone = CloneIndex()


class SourceRow(Model):
    """A registered source."""

    customer_id = UnicodeAttribute(hash_key=True)
    url = UnicodeAttribute()
    key_arn = UnicodeAttribute()
    registered_at = NumberAttribute()
    last_durations_ms = JSONAttribute(null=True)
    last_preflight = JSONAttribute(null=True)


class PoolRow(Model):
    """A pool. `version` goes up with every reservation, `revision` with every other change of the row."""

    pool = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    revision = NumberAttribute(default=0)
    policy = JSONAttribute()
    current_template = UnicodeAttribute()
    accepted_templates = JSONAttribute()
    revoked_templates = JSONAttribute(null=True)
    decisions = JSONAttribute()
    counters = JSONAttribute()
    measured = JSONAttribute(null=True)
