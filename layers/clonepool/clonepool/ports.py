"""What the use cases need from the outside, and the errors that are part of each promise.

Every port has a fake in `tests/fakes` and an adapter; one contract suite runs against both.
Any method of a store may raise `StoreBusy`; any method of `Cluster` may raise `ClusterUnavailable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clonepool.domain.clones import Clone, Lease, Progress, Source
    from clonepool.domain.observed import ImportEvent, ImportJob, ObservedPod, Verdict
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Evidence, Failure, Pod, PodRef, PodState, Proof
    from clonepool.domain.pool import Pool, PoolPolicy
    from clonepool.domain.reach import Reach


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> int:
        """Epoch seconds, UTC."""

    def monotonic(self) -> float:
        """Seconds, for durations and deadlines only."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Leases(Protocol):
    """Clones and the transactions that bind them to pods. The heart of the system."""

    def claim(self, pod: Pod, clone: Clone, now: int) -> None:
        """Bind a new `clone` (IMPORTING) to `pod` in one atomic step, or change nothing.

        One transaction: source registered; clone absent; pod WARM, proven, with generation and template as
        read -> ASSIGNED with deadline; lease row written.

        Raises:
            SourceNotRegistered: the customer has no source.
            CloneExists: a clone row with this id exists, live or not; carries it.
            PodTaken: the pod is not as read, or a transaction conflict on it.
            StoreBusy: conflict elsewhere or throttling; nothing changed.
        """

    def queue(self, clone: Clone) -> None:
        """Put a QUEUED clone if it is absent. Raises SourceNotRegistered, CloneExists."""

    def bind(self, pod: Pod, clone: Clone, now: int) -> Clone:
        """Bind a QUEUED clone to a pod that is WARM, or proven and settling (CREATING, RESETTING).

        One transaction. A settling `pod` carries the fresh proof, stored in the same step. Returns the clone,
        IMPORTING.

        Raises:
            PodTaken: the pod row is not as read.
            StaleRow: the clone is gone, expired, or no longer this QUEUED lease.
        """

    def get(self, clone_id: str) -> Clone | None:
        """Strongly consistent read, expired rows included: callers ask `live` or `expired`."""

    def of_customer(
        self, customer_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Clone], str | None]:
        """The customer's rows, newest first, and the cursor of the next page."""

    def count_live(self, customer_id: str, now: int) -> int:
        """How many live clones the customer has."""

    def queued(self, pool: str, now: int, limit: int = 25) -> list[Clone]:
        """Live QUEUED clones, oldest first."""

    def expired(self, now: int, limit: int = 100) -> list[Clone]:
        """Rows past `expires_at` that TTL has not removed yet."""

    def progress(self, clone: Clone, progress: Progress, deadline_at: int) -> None:
        """Store progress of this lease's import and move the pod's deadline, or raise StaleRow.

        For a clone that is IMPORTING, or READY while files follow; `clone.state` says which.
        """

    def ready(
        self, clone: Clone, *, now: int, expires_at: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        """IMPORTING -> READY and its pod ASSIGNED -> READY in one transaction. Raises StaleRow."""

    def complete(
        self, clone: Clone, *, now: int, timings_ms: dict[str, int], fidelity: dict[str, Any]
    ) -> Clone:
        """Store how the import of a READY clone ended, and set the pod's usual deadline. Raises StaleRow."""

    def fail(self, clone: Clone, failure: Failure) -> None:
        """This lease, still in the state as read -> FAILED (the record of it returns the pod).

        From QUEUED and IMPORTING by a worker, from READY by the keeper when the pod is lost. Raises StaleRow.
        """

    def extend(self, clone: Clone, expires_at: int, now: int) -> Clone:
        """Move `expires_at` of this still live lease forward, never back. Raises StaleRow."""

    def remove(self, clone: Clone) -> bool:
        """Delete the row of this lease, with `expires_at` as read; False if there is no such row.

        The record of it returns the pod. A lease that was extended meanwhile is not swept by a stale read.
        """

    def last_lease(self, clone_id: str) -> Lease | None:
        """The newest lease of this clone id, from the history."""

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
        """Complete the history of one generation: how it ended, and what its pod was found to be after it.

        `proof` is of the generation that followed; `evidence` is why there is none. Repeating is harmless.
        """

    def keep_outbound(self, pod_name: str, generation: int, outbound: Outbound) -> None:
        """Store the ledger with the lease, in place of an earlier one. No lease, no effect."""


class Pods(Protocol):
    """Pod rows. Every change is conditional on existence, state and generation as read, else `StaleRow`."""

    def get(self, pod_name: str) -> Pod | None:
        """Strongly consistent read."""

    def warm(self, pool: str, limit: int = 50) -> list[Pod]:
        """Warm candidates from the `warm` index (may be stale: the claim decides)."""

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
        """Create the row, or bring policy and template up to date; the former template stays accepted."""

    def revoke(self, pool: str, template_hash: str) -> Pool:
        """Take a template off the accepted list."""

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

    def durations(self, customer_id: str, timings_ms: dict[str, int]) -> None:
        """Remember how long the last import took, for ETAs. No row, no effect."""


class Secrets(Protocol):
    """Keys (Secrets Manager). None of them ever appears in a log, a table or an error.

    Any method may raise Unavailable.
    """

    def put_source_key(self, customer_id: str, key: str) -> str:
        """Store or replace; returns the ARN."""

    def get_source_key(self, key_arn: str) -> str:
        """Raises NotFound."""

    def lease_secret(self) -> str:
        """What the keys of all leases are derived from (`domain.leasekeys`)."""


class Reports(Protocol):
    """Reports that are too long for a row, by lease (design section 1)."""

    def put(self, lease_id: str, report: dict[str, Any]) -> None:
        """Store or replace. Raises Unavailable."""

    def get(self, lease_id: str) -> dict[str, Any] | None:
        """The report, or None if there is none. Raises Unavailable."""


class Cluster(Protocol):
    """The cluster, as far as one pool's pods go. Changes are guarded by uid and generation (invariant 3)."""

    def create_pod(self, pod: Pod) -> str:
        """Secret, pod, ownerReference; returns the uid. Repeating continues or returns the same uid.

        Raises StaleObject if an object of this name exists with another generation.
        """

    def start_reset(self, old: PodRef, new_generation: int) -> None:
        """Patch the Secret (generation, fresh passwords), then the labels: both containers converge.

        Repeating after either patch completes it. Raises StaleObject.
        """

    def label(self, ref: PodRef, state: PodState, clone_id: str | None) -> None:
        """Mirror the state in labels and annotations. Raises StaleObject."""

    def nudge(self, ref: PodRef) -> None:
        """Touch an annotation so that the kubelet delivers the Secret at once. Raises StaleObject."""

    def route(self, ref: PodRef, clone_id: str) -> None:
        """Service and Ingress of this lease, selecting pod and generation; replaces leftovers of older ones.

        Raises StaleObject if a route of a newer generation or another pod's live lease holds the name.
        """

    def open_network(self, ref: PodRef, reach: Reach) -> Reach:
        """Let this generation of this pod call what `reach` names, while it is leased, and nothing else.

        Returns what is open: of several calls the first counts, its import is under way. Raises StaleObject.
        """

    def opened(self, ref: PodRef) -> Reach | None:
        """What `open_network` has opened for this generation of this pod, if anything."""

    def close(self, ref: PodRef) -> None:
        """Cut off this generation of this pod: nothing in, nothing out, no route. Repeating is harmless.

        A pod that is gone, or in a newer generation, is left alone; what is left of this one goes.
        """

    def unroute(self, pod_name: str, generation: int) -> None:
        """Delete network openings and routes of this pod with this generation or an older one.

        None there is success.
        """

    def verify(self, ref: PodRef) -> Verdict:
        """Ask the verifier in both containers about `ref.generation`, and the cluster for their images.

        Raises StaleObject.
        """

    def logs(self, ref: PodRef) -> dict[str, str]:
        """The last lines of each container's log, at most 4 KiB. Raises StaleObject."""

    def run_import(self, ref: PodRef, job: ImportJob, timeout_seconds: int) -> Iterator[ImportEvent]:
        """Start the import, or follow the one that runs; ends with an event that has a result.

        Raises ClusterUnavailable when the stream breaks: call again to follow. StaleObject when the agent
        refuses the generation.
        """

    def outbound(self, ref: PodRef) -> Outbound:
        """The outbound ledger of a leased pod. Raises StaleObject."""

    def delete_pod(self, ref: PodRef) -> None:
        """Close, then delete exactly this uid without grace, and its Secret. Gone already is success.

        Without a uid the pod is taken to be gone, and its leftovers of any generation go; if it is there
        after all, nothing happens. Raises StaleObject if the pod is in a newer generation.
        """

    def exists(self, ref: PodRef) -> bool:
        """Whether the pod of this uid (without one: of this name) is still there; terminating counts."""

    def pods(self) -> list[ObservedPod]:
        """All pods of clonepool in the namespace, one list call."""

    def strays(self) -> list[tuple[str, str, int]]:
        """(kind, pod name, generation) of every Secret, Service, Ingress and NetworkPolicy of clonepool."""


class Resolver(Protocol):
    """Names to addresses, as the world sees them."""

    def addresses(self, host: str) -> list[str]:
        """IPv4 and IPv6 addresses of a name, at least one. Raises NotFound: none, or nobody answers."""


class Web(Protocol):
    """The clone as a visitor reaches it: through the ingress, by its public host name."""

    def status(self, clone_id: str, path: str = "/", access_token: str | None = None) -> int:
        """HTTP status of one request, redirects not followed; 0 when nothing answered in time.

        A private clone wants its `access_token`.
        """
