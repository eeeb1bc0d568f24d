"""What is believed of what the verifiers say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clonepool.adapters.kubernetes.agent import (
    LONGEST_DETAIL,
    MAX_ATTEMPTS,
    MAX_REPORT_BYTES,
    MAX_WORD,
    import_event,
    outbound,
    verdict,
)
from clonepool.domain.proving import REQUIRED
from clonepool.errors import ClusterUnavailable

AGENTS_LIST = Path(__file__).parents[3] / "docker/clone-agent/internal/verify/verify.go"
CLEAN: dict[str, Any] = {
    "generation": 2, "settled": True, "ok": True, "reset_ms": 800,
    "killed_at": "2026-11-23T20:39:27.683146199Z", "started_at": "2026-11-23T20:39:28.1Z",
}  # fmt: skip


def said(**mysql: Any) -> dict[str, str]:
    """The answers of both agents, complete and clean but for what is given of mysql's."""
    return {role: _answer(role, mysql if role == "mysql" else {}) for role in REQUIRED}


def _answer(role: str, differing: dict[str, Any]) -> str:
    checks = {name: {"ok": True, "count": 9} for name in REQUIRED[role]}
    return json.dumps(CLEAN | {"checks": checks} | differing)


def checks_of(role: str, **differing: Any) -> dict[str, Any]:
    return {name: {"ok": True} for name in REQUIRED[role]} | differing


def test_clean_is_what_both_say_is_clean() -> None:
    found = verdict(2, said())
    assert (found.settled, found.ok, found.findings) == (True, True, ())


@pytest.mark.parametrize(
    "mysql",
    [
        {"ok": False},
        {"ok": "true"},
        {"checks": {}},
        {"checks": {"files": {"ok": True}}},
        {"checks": checks_of("mysql", files={"ok": False})},
        {"checks": checks_of("mysql", files={})},
        {"checks": checks_of("mysql", files="fine")},
        {"checks": checks_of("mysql", another={"ok": False})},
    ],
)
def test_anything_unclear_is_not_clean(mysql: dict[str, Any]) -> None:
    found = verdict(2, said(**mysql))
    assert (found.settled, found.ok) == (True, False)


@pytest.mark.parametrize(
    "mysql", [{"settled": False}, {"settled": None}, {"generation": 1}, {"generation": 3}]
)
def test_another_generation_or_a_no_is_not_settled(mysql: dict[str, Any]) -> None:
    assert verdict(2, said(**mysql)).settled is False


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role in REQUIRED for name in sorted(REQUIRED[role])]
)
def test_a_proof_that_lacks_a_check_is_none_though_the_agent_says_so(role: str, name: str) -> None:
    answers = said()
    clean = json.loads(answers[role])
    del clean["checks"][name]
    found = verdict(2, answers | {role: json.dumps(clean)})
    assert (found.settled, found.ok) == (True, False)
    assert found.findings == (f"{role}.{name}: this check was not made",)


def test_the_agent_makes_the_checks_that_a_proof_must_hold() -> None:
    body = AGENTS_LIST.read_text().partition("func wanted(")[2].partition("\n}\n")[0]
    common, mysql, wordpress = (set(re.findall(r'"(\w+)"', part)) for part in body.split("append"))
    common -= {"mysql"}  # the name of the role
    assert {"mysql": common | mysql, "wordpress": common | wordpress} == REQUIRED


def test_what_an_agent_is_at_is_told_and_a_restore_that_fails_is_a_finding() -> None:
    mysql = {"settled": False, "phase": "failed", "detail": "emptying /tmp: " + "x" * 10**6}
    found = verdict(2, said(**mysql) | {"wordpress": json.dumps({"settled": False, "phase": "serving"})})
    assert (found.settled, found.doing) == (False, "wordpress serving, mysql failed")
    assert found.findings[0].startswith("mysql: the restore fails: emptying /tmp: x")
    assert len(found.findings[0]) == LONGEST_DETAIL


def test_a_check_that_fails_without_words_is_named() -> None:
    checks = checks_of("mysql", grants={"ok": False})
    assert verdict(2, said(checks=checks)).findings == ("mysql.grants: not as it should be",)


@pytest.mark.parametrize(
    ("started_at", "ok"),
    [
        ("2026-11-23T20:39:27.683146199Z", True),
        ("2026-11-23T20:39:27.5Z", False),  # the old site was still alive when mysqld took the new password
        (None, False),
        ("soon", False),
    ],
)
def test_the_old_site_must_be_dead_before_mysqld_takes_the_new_password(
    started_at: str | None, ok: bool
) -> None:
    found = verdict(2, said(started_at=started_at))
    assert (found.settled, found.ok) == (True, ok)


def test_a_new_pod_has_no_old_site_to_outlive() -> None:
    first = {"generation": 1, "started_at": None}
    answers = {role: _answer(role, first) for role in REQUIRED}
    assert verdict(1, answers).ok


def test_what_a_source_says_is_never_too_long_for_a_row() -> None:
    line = {"result": "failed", "code": "source_invalid", "detail": "x" * 10**6}
    assert len(import_event(json.dumps(line)).detail) == LONGEST_DETAIL

    report = {"tables": 12, "checksum": "sha256:0", "versions": {"source": {"php": "8" * MAX_REPORT_BYTES}}}
    found = import_event(json.dumps({"result": "ok", "fidelity": report})).fidelity
    assert found["tables"] == 12
    assert found.keys() == {"tables", "shortened"}


def test_a_report_of_usual_size_is_kept_whole() -> None:
    report = {"tables": 12, "rows": {"by_table": {f"wp_{n}": n for n in range(500)}}}
    assert import_event(json.dumps({"result": "ok", "fidelity": report})).fidelity == report


ENTRY = {
    "time": 1767225600, "kind": "http", "host": "a.test", "method": "POST", "caller": "core",
    "outcome": "blocked",
}  # fmt: skip
NO_LEDGERS = (
    "", "[]", "{}", '{"as_of": 1, "entries": 7, "counts": []}', '{"as_of": 1, "entries": [{}], "counts": []}'
)  # fmt: skip


def test_a_ledger_is_bounded_whatever_the_site_has_written() -> None:
    long = ENTRY | {"host": "x" * 10_000}
    found = outbound(json.dumps({"as_of": 9, "entries": [long] * 1000, "counts": []}))
    assert (found.as_of, len(found.attempts)) == (9, MAX_ATTEMPTS)
    assert {len(one.host) for one in found.attempts} == {MAX_WORD}


@pytest.mark.parametrize("text", NO_LEDGERS)
def test_what_is_no_ledger_is_asked_for_again(text: str) -> None:
    with pytest.raises(ClusterUnavailable):
        outbound(text)
