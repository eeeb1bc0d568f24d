"""What is believed of what the verifiers say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clonepool.adapters.kubernetes.agent import verdict

CLEAN: dict[str, Any] = {
    "generation": 2, "settled": True, "ok": True, "reset_ms": 800,
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
