"""What is believed of what the verifiers say."""

from __future__ import annotations

import json
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
from clonepool.errors import ClusterUnavailable

CLEAN: dict[str, Any] = {
    "generation": 2, "settled": True, "ok": True, "reset_ms": 800,
    "killed_at": "2026-11-23T20:39:27.683146199Z", "started_at": "2026-11-23T20:39:28.1Z",
    "checks": {"files": {"ok": True, "count": 9}},
}  # fmt: skip


def said(**mysql: Any) -> dict[str, str]:
    return {"wordpress": json.dumps(CLEAN), "mysql": json.dumps(CLEAN | mysql)}


def test_clean_is_what_both_say_is_clean() -> None:
    found = verdict(2, said())
    assert (found.settled, found.ok, found.findings) == (True, True, ())


@pytest.mark.parametrize(
    "mysql",
    [
        {"ok": False},
        {"ok": "true"},
        {"checks": {}},
        {"checks": {"files": {"ok": False}}},
        {"checks": {"files": {}}},
        {"checks": {"files": "fine"}},
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


def test_a_check_that_fails_without_words_is_named() -> None:
    assert verdict(2, said(checks={"grants": {"ok": False}})).findings == (
        "mysql.grants: not as it should be",
    )


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
    answers = {role: json.dumps(CLEAN | first) for role in ("wordpress", "mysql")}
    assert verdict(1, answers).ok


def test_what_a_source_says_is_never_too_long_for_a_row() -> None:
    line = {"result": "failed", "code": "source_invalid", "detail": "x" * 10**6}
    assert len(import_event(json.dumps(line)).detail) == LONGEST_DETAIL

    report = {"tables": 12, "checksum": "sha256:0", "versions": {"source": {"php": "8" * MAX_REPORT_BYTES}}}
    found = import_event(json.dumps({"result": "ok", "fidelity": report})).fidelity
    assert found == {"tables": 12, "shortened": True}


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
