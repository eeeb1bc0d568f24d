"""What callers see: the fields of design section 6, times in ISO 8601, UTC."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clonepool.entrypoints.http.summary import summary

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone, Progress, Source
    from clonepool.domain.leasekeys import LoginPass
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Failure, Pod
    from clonepool.usecases.describe_pool import PoolReport

type View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where clones are served: publicly under `domain`, inside the cluster in `namespace`."""

    domain: str
    namespace: str

    def public_url(self, clone_id: str) -> str:
        """For browsers."""
        return f"https://{clone_id}.{self.domain}"

    def access_url(self, clone_id: str, token: str) -> str:
        """For browsers, into a private clone: sets its cookie and leads on to the front page."""
        return f"{self.public_url(clone_id)}/.clone/access?token={token}"

    def login_url(self, clone_id: str, login_pass: str) -> str:
        """For one browser, once: into the dashboard, as an administrator."""
        return f"{self.public_url(clone_id)}/.clone/login?pass={login_pass}"

    def target_url(self, clone_id: str) -> str:
        """For workloads in the cluster."""
        return f"http://{clone_id}.{self.namespace}.svc.cluster.local"


def clone_view(clone: Clone, addresses: Addresses, access_token: str | None) -> View:
    """One clone. `access_url`, `eta_seconds`, `failure` and `fidelity` are there when they say something."""
    start = {"kind": clone.start.kind, **_given(reason=clone.start.reason)}
    return {
        "success": True,
        "clone_id": clone.clone_id,
        "customer_id": clone.customer_id,
        "state": clone.state.value,
        "start": start,
        "pod_name": clone.pod_name,
        "generation": clone.generation,
        "target_url": addresses.target_url(clone.clone_id),
        "public_url": addresses.public_url(clone.clone_id),
        "created_at": iso(clone.created_at),
        "expires_at": iso(clone.expires_at),
        "max_expires_at": iso(clone.max_expires_at),
        "progress": _progress(clone.progress),
        "timings_ms": clone.timings_ms,
        **_given(
            access_url=access_token and addresses.access_url(clone.clone_id, access_token),
            eta_seconds=clone.eta_seconds,
            failure=_failure(clone.failure),
            fidelity=summary(clone.fidelity) or None,
        ),
    }


def clones_view(clones: list[View], cursor: str | None) -> View:
    """A page of clones; `next_cursor` leads to the next one."""
    return {"success": True, "clones": clones, **_given(next_cursor=cursor)}


def login_view(clone_id: str, login: LoginPass, addresses: Addresses) -> View:
    """A link into the dashboard."""
    return {
        "success": True,
        "url": addresses.login_url(clone_id, login.text),
        "expires_at": iso(login.expires_at),
    }


def fidelity_view(clone: Clone, report: View) -> View:
    """The full report of the import."""
    return {"success": True, "clone_id": clone.clone_id, "fidelity": report}


def outbound_view(clone_id: str, outbound: Outbound | None) -> View:
    """The ledger as it was at `as_of`, oldest first; null before the first look."""
    attempts = outbound.attempts if outbound else ()
    return {
        "success": True,
        "clone_id": clone_id,
        "as_of": iso(outbound.as_of) if outbound else None,
        "entries": [
            {
                "time": iso(one.at),
                "kind": one.kind,
                "host": one.host,
                "method": one.method,
                "caller": one.caller,
                "outcome": one.outcome,
            }
            for one in attempts
        ],
        "counts": [asdict(one) for one in outbound.tallies] if outbound else [],
    }


def source_view(source: Source) -> View:
    """A registered source; nothing of its key."""
    return {
        "success": True,
        "customer_id": source.customer_id,
        "url": source.url,
        "registered_at": iso(source.registered_at),
    }


def pool_view(report: PoolReport) -> View:
    """The pool in figures, and its last decisions in words, newest last."""
    pool = report.pool
    return {
        "success": True,
        "pool": pool.pool,
        "counts": report.counts,
        "queued": report.queued,
        "hit_rate": report.hit_rate,
        "cold_starts": report.cold_starts,
        "median_ms": {kind: pool.median_ms(kind) for kind in ("create", "reset")},
        "policy": asdict(pool.policy),
        "current_template": pool.current_template,
        "accepted_templates": list(pool.accepted_templates),
        "revoked_templates": list(pool.revoked_templates),
        "decisions": [{"at": iso(decision.at), "text": decision.text} for decision in pool.decisions],
    }


def pods_view(pods: list[Pod]) -> View:
    """Pods without their proofs; why a pod is in quarantine is in `last_failure`."""
    return {"success": True, "pods": [_pod_summary(pod) for pod in pods]}


def pod_view(pod: Pod) -> View:
    """One pod with its proof, or with the evidence against it."""
    proof, evidence = pod.proof, pod.evidence
    return {
        "success": True,
        **_pod_summary(pod),
        "proof": proof and {**asdict(proof), "proved_at": iso(proof.proved_at)},
        **_given(evidence=evidence and {**asdict(evidence), "at": iso(evidence.at)}),
    }


def _pod_summary(pod: Pod) -> View:
    return {
        "pod_name": pod.pod_name,
        "pool": pod.pool,
        "state": pod.state.value,
        "generation": pod.generation,
        "template_hash": pod.template_hash,
        "reuse_count": pod.reuse_count,
        "created_at": iso(pod.created_at),
        "state_since": iso(pod.state_since),
        **_given(
            clone_id=pod.clone_id,
            warm_since=pod.warm_since and iso(pod.warm_since),
            deadline_at=pod.deadline_at and iso(pod.deadline_at),
            last_failure=_failure(pod.last_failure),
        ),
    }


def iso(epoch_seconds: int) -> str:
    """`2026-11-23T20:00:00Z`."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _progress(progress: Progress) -> View:
    view = asdict(progress)
    return view if progress.backfill else {name: value for name, value in view.items() if name != "backfill"}


def _failure(failure: Failure | None) -> View | None:
    if failure is None:
        return None
    return {"code": failure.code, "detail": failure.detail, "at": iso(failure.at)}


def _given(**fields: Any) -> View:
    return {name: value for name, value in fields.items() if value is not None}
