"""What cluster and agents say, and the one thing they are told: values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clonepool.domain.clones import Progress


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifiers of both containers say about one generation.

    Attributes:
        settled: False while PID 1 of either container has not yet restored this generation or the page is not
            served: ask again.
        ok: everything compared equal; only meaningful once settled.
        checks: as in `Proof.checks`.
        findings: one sentence per difference, for people; while not settled, why it may never be.
        images, times: as in `Proof`.
        doing: while not settled, what each agent is at, for people.
    """

    settled: bool
    ok: bool
    generation: int
    reset_ms: int = 0
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    images: dict[str, str] = field(default_factory=dict)
    times: dict[str, dict[str, str]] = field(default_factory=dict)
    doing: str = ""


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """One pod as the cluster lists it. `generation` is the label; `phase` as Kubernetes says it.

    Attributes:
        restarts: of all its containers by the kubelet, ever.
        stopped: containers that do not run at this moment.
    """

    pod_name: str
    uid: str
    generation: int
    status: str
    phase: str
    node_lost: bool
    created_at: int
    restarts: int
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One import, handed to the agent on stdin (never as argument or environment).

    Attributes:
        job_key: derived from the export key for this clone and generation only; hex.
        access_token: what a private clone's visitors show; None for a public one.
        login_key: what login links are signed with.
        allow_hosts: whom the clone may call, for its guard.
        source_addresses: what the agent dials; the network lets nothing else through.
        allowed_addresses: the same for those of `allow_hosts` that are open, by host: a pod has no DNS.
        public_url: scheme and host the clone is served under.
        backfill: the clone is in use: only what is still missing, and nothing anew.
    """

    clone_id: str
    generation: int
    source_url: str
    key_id: str
    job_key: str = field(repr=False)
    expires_at: int = 0
    public_url: str = ""
    internal_host: str = ""
    allow_private_source: bool = False
    backfill: bool = False
    access_token: str | None = field(default=None, repr=False)
    login_key: str = field(default="", repr=False)
    allow_hosts: tuple[str, ...] = ()
    source_addresses: tuple[str, ...] = ()
    allowed_addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportEvent:
    """One line of the agent. `result` is None while running, then `ok` or `failed`.

    Timings and fidelity come with the first line that says usable, and with the last.
    """

    progress: Progress
    result: str | None = None
    failure_code: str | None = None
    detail: str = ""
    timings_ms: dict[str, int] = field(default_factory=dict)
    fidelity: dict[str, Any] = field(default_factory=dict)
