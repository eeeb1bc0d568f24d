"""The words of clone-agent (docs/architecture.md section 3), to and from the values of the ports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from clonepool.domain.clones import Backfill, Progress
from clonepool.domain.fidelity import SHORTENED
from clonepool.domain.observed import ImportEvent, ImportJob, Verdict
from clonepool.domain.outbound import Attempt, Outbound, Tally
from clonepool.domain.proving import missing
from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = "/usr/local/bin/clone-agent"
LONGEST_DETAIL = 1000
MAX_REPORT_BYTES = 4_000_000
"""Names and versions in a report are the source's own words; beyond this they are none to keep."""
MAX_ATTEMPTS, MAX_WORD = 200, 253
"""Of a ledger: the site has had its hands on it."""
REFUSED = 3
"""The exit code of a command for another generation than the pod's."""


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """What an import may bring: bytes in all, and what the volumes of files and tables take. 0: not said."""

    max_bytes: int = 0
    site_bytes: int = 0
    data_bytes: int = 0


def verify_argv(generation: int) -> list[str]:
    """The command that asks a container about one generation."""
    return [AGENT, "verify", "--generation", str(generation)]


def import_argv(generation: int) -> list[str]:
    """The command that starts or follows the import of one generation."""
    return [AGENT, "import", "--generation", str(generation)]


def ledger_argv(generation: int) -> list[str]:
    """The command that reads the outbound ledger of one generation."""
    return [AGENT, "ledger", "--generation", str(generation)]


def job_text(job: ImportJob, timeout_seconds: int, limits: ImportLimits) -> str:
    """The job as one JSON line for stdin. Holds a secret: never log it."""
    return (
        json.dumps(
            {
                "clone_id": job.clone_id,
                "generation": job.generation,
                "source_url": job.source_url,
                "key_id": job.key_id,
                "job_key": job.job_key,
                "expires_at": job.expires_at,
                "public_url": job.public_url,
                "internal_host": job.internal_host,
                "allow_private_source": job.allow_private_source,
                "source_addresses": list(job.source_addresses),
                "access": "private" if job.access_token else "public",
                "access_token": job.access_token or "",
                "login_key": job.login_key,
                "allow_hosts": list(job.allow_hosts),
                "allowed_addresses": {host: list(found) for host, found in job.allowed_addresses.items()},
                "backfill": job.backfill,
                "limits": {
                    "seconds": timeout_seconds,
                    "bytes": limits.max_bytes,
                    "site_bytes": limits.site_bytes,
                    "data_bytes": limits.data_bytes,
                },
            }
        )
        + "\n"
    )


def import_event(line: str) -> ImportEvent:
    """One line of a running import. Raises ClusterUnavailable if it is cut or no JSON."""
    said = _parsed(line)
    eta = said.get("eta_seconds")
    return ImportEvent(
        progress=Progress(
            phase=str(said.get("phase", "")),
            percent=min(100, int(said.get("percent") or 0)),
            bytes_done=int(said.get("bytes_done") or 0),
            bytes_total=int(said.get("bytes_total") or 0),
            bytes_per_second=int(said.get("bytes_per_second") or 0),
            eta_seconds=None if eta is None else int(eta),
            usable=said.get("usable") is True,
            backfill=_backfill(said.get("backfill")),
        ),
        result=said.get("result") or None,
        failure_code=said.get("code") or None,
        detail=str(said.get("detail") or "")[:LONGEST_DETAIL],
        timings_ms={phase: int(ms) for phase, ms in (said.get("timings_ms") or {}).items()},
        fidelity=_storable(said.get("fidelity") or {}),
    )


def _backfill(said: dict[str, Any] | None) -> Backfill | None:
    if not said:
        return None
    return Backfill(
        percent=min(100, int(said.get("percent") or 0)),
        bytes_done=int(said.get("bytes_done") or 0),
        bytes_total=int(said.get("bytes_total") or 0),
        files_done=int(said.get("files_done") or 0),
        files_total=int(said.get("files_total") or 0),
    )


def outbound(text: str) -> Outbound:
    """What the agent read of the ledger. Raises ClusterUnavailable if it is cut or no ledger."""
    said = _parsed(text)
    try:
        return Outbound(
            int(said["as_of"]),
            tuple(_attempt(one) for one in said["entries"][-MAX_ATTEMPTS:]),
            tuple(_tally(one) for one in said["counts"][:MAX_ATTEMPTS]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ClusterUnavailable("the agent's answer is no ledger") from error


def _attempt(said: dict[str, Any]) -> Attempt:
    kind, host, method, caller, outcome = _words(said, "kind", "host", "method", "caller", "outcome")
    return Attempt(int(said["time"]), kind, host, method, caller, outcome)


def _tally(said: dict[str, Any]) -> Tally:
    kind, host, outcome = _words(said, "kind", "host", "outcome")
    return Tally(kind, host, outcome, int(said["count"]))


def _words(said: dict[str, Any], *names: str) -> list[str]:
    return [str(said[name])[:MAX_WORD] for name in names]


def _storable(fidelity: dict[str, Any]) -> dict[str, Any]:
    """The report, or of one without measure its figures."""
    if len(json.dumps(fidelity)) <= MAX_REPORT_BYTES:
        return fidelity
    figures = {name: value for name, value in fidelity.items() if isinstance(value, int)}
    lists = {name: len(value) for name, value in fidelity.items() if isinstance(value, list)}
    return {**figures, SHORTENED: lists}


def verdict(generation: int, answers: Mapping[str, str]) -> Verdict:
    """What the verifiers of all containers say together, by container name.

    Settled only if every container is; ok only if each says so and each required check says so: a verifier
    that contradicts itself is not believed.
    """
    said = {role: _parsed(answer) for role, answer in answers.items()}
    if not all(one.get("settled") is True and one.get("generation") == generation for one in said.values()):
        return _unsettled(generation, said)
    checks = {
        f"{role}.{name}": check for role, one in said.items() for name, check in _all(role, one).items()
    }
    checks["pod.order"] = _order(generation, said)
    ok = all(one.get("ok") is True for one in said.values())
    return Verdict(
        settled=True,
        ok=ok and all(check.get("ok") is True for check in checks.values()),
        generation=generation,
        reset_ms=max(int(one.get("reset_ms") or 0) for one in said.values()),
        checks=checks,
        findings=tuple(_findings(checks)),
        times={role: _times(one) for role, one in said.items()},
    )


def _unsettled(generation: int, said: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """What each agent is at; where a restore fails again and again, that is a finding."""
    phases = {role: str(one.get("phase") or "silent") for role, one in said.items()}
    failed = [
        f"{role}: the restore fails: {said[role].get('detail')}"[:LONGEST_DETAIL]
        for role, phase in phases.items()
        if phase == "failed"
    ]
    doing = ", ".join(f"{role} {phase}" for role, phase in phases.items())
    return Verdict(False, ok=False, generation=generation, findings=tuple(failed), doing=doing)


def _times(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(said[name]) for name in ("killed_at", "restored_at", "started_at") if said.get(name)}


def _order(generation: int, said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Whether the old site was dead before mysqld took the new password.

    The containers share one network, and the old site can read the new Secret until it is killed: had it
    outlived mysqld's start, it could have written to the clean database. A new pod has no old site.
    """
    if generation == 1:
        return {"ok": True, "detail": "a new pod"}
    killed, started = said["wordpress"].get("killed_at"), said["mysql"].get("started_at")
    try:
        in_order = datetime.fromisoformat(str(killed)) <= datetime.fromisoformat(str(started))
    except ValueError:
        return {"ok": False, "findings": ["the agents do not say when they killed and started"]}
    if in_order:
        return {"ok": True}
    return {"ok": False, "findings": [f"the old site lived until {killed}, mysqld was up at {started}"]}


def _findings(checks: Mapping[str, dict[str, Any]]) -> list[str]:
    found = [f"{name}: {text}" for name, check in checks.items() for text in check.get("findings") or []]
    silent = [
        f"{name}: not as it should be"
        for name, check in checks.items()
        if check.get("ok") is not True and not check.get("findings")
    ]
    return [*found, *silent]


def _checks(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    checks = said.get("checks") or {}
    return {name: check for name, check in checks.items() if isinstance(check, dict)}


def _all(role: str, said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    checks = _checks(said)
    lacking = {name: {"ok": False, "findings": ["this check was not made"]} for name in missing(role, checks)}
    return {**checks, **lacking}


def _parsed(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise ClusterUnavailable("the agent's answer was cut short or is no JSON") from error
    if not isinstance(said, dict):
        raise ClusterUnavailable("the agent's answer is no JSON object")
    return said
