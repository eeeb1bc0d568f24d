"""Filters and input templates of pipes."""

from __future__ import annotations

from typing import Any

import pytest

from lab.aws.input_template import InputTemplateError, transform
from lab.aws.patterns import PatternError, matches
from lab.aws.pipes import as_pipe_record, pipe_specs
from lab.aws.template import load

EVENT = {"name": "MODIFY", "new": {"state": {"S": "READY"}, "n": 5, "tags": ["a", "b"], "none": None}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"name": ["MODIFY"]}, True),
        ({"name": ["INSERT", "MODIFY"]}, True),
        ({"name": ["INSERT"]}, False),
        ({"name": ["MODIFY"], "new": {"state": {"S": ["READY"]}}}, True),
        ({"name": ["MODIFY"], "new": {"state": {"S": ["FAILED"]}}}, False),
        ({"new": {"state": {"N": ["READY"]}}}, False),
        ({"old": {"state": {"S": ["READY"]}}}, False),
        ({"new": {"tags": ["b"]}}, True),
        ({"new": {"none": [None]}}, True),
        ({"new": {"n": [5]}}, True),
        ({"new": {"n": ["5"]}}, False),
        ({"old": [{"exists": False}]}, True),
        ({"old": {"state": [{"exists": False}]}}, True),
        ({"name": [{"exists": True}]}, True),
        ({"old": {"state": {"S": [{"exists": True}]}}}, False),
        ({"new": {"state": {"S": [{"anything-but": "READY"}]}}}, False),
        ({"new": {"state": {"S": [{"anything-but": ["FAILED", "QUEUED"]}]}}}, True),
        ({"new": {"state": {"S": [{"anything-but": {"prefix": "RE"}}]}}}, False),
        ({"old": {"state": {"S": [{"anything-but": "READY"}]}}}, False),
        ({"name": [{"prefix": "MOD"}]}, True),
        ({"name": [{"suffix": "FY"}]}, True),
        ({"new": {"n": [{"numeric": [">", 4, "<=", 5]}]}}, True),
        ({"new": {"n": [{"numeric": ["<", 5]}]}}, False),
        ({"name": [{"numeric": ["=", 5]}]}, False),
        ({"$or": [{"name": ["INSERT"]}, {"new": {"n": [5]}}]}, True),
        ({"$or": [{"name": ["INSERT"]}, {"new": {"n": [6]}}]}, False),
    ],
)
def test_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


def test_an_unknown_operator_is_an_error_and_no_silent_match() -> None:
    with pytest.raises(PatternError, match="wildcard"):
        matches({"name": [{"wildcard": "*"}]}, EVENT)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"id": "<$.name>"}', {"id": "MODIFY"}),
        ('{"id": <$.name>}', {"id": "MODIFY"}),
        ('{"n": <$.new.n>, "text": "<$.new.n>"}', {"n": 5, "text": "5"}),
        ('{"gone": "<$.old.state.S>"}', {"gone": ""}),
        ('{"who": "pod <$.new.state.S> of <$.name>"}', {"who": "pod READY of MODIFY"}),
        ('{"all": <$.new.tags>}', {"all": ["a", "b"]}),
        ('{"quote": "say \\"<$.name>\\""}', {"quote": 'say "MODIFY"'}),
    ],
)
def test_input_templates(template: str, expected: Any) -> None:
    assert transform(template, EVENT) == expected


def test_a_value_with_quotes_stays_one_value() -> None:
    assert transform('{"id": "<$.id>"}', {"id": 'a", "admin": "yes'}) == {"id": 'a", "admin": "yes'}


def test_an_input_that_is_no_json_is_an_error() -> None:
    with pytest.raises(InputTemplateError, match="no JSON"):
        transform('{"n": <$.nowhere>}', EVENT)


ROW = {"lease_id": {"S": "l-1"}, "pod_name": {"S": "p-1"}, "generation": {"N": "3"}}
KEYS = {"clone_id": {"S": "acme"}, "pod_name": {"S": "p-1"}}


def record(event: str, old: str | None = None, new: str | None = None, **more: Any) -> dict[str, Any]:
    images = {}
    if old:
        images["OldImage"] = {**ROW, "state": {"S": old}}
    if new:
        images["NewImage"] = {**ROW, "state": {"S": new}, **more}
    return {"eventName": event, "dynamodb": {"Keys": KEYS, **images}}


@pytest.mark.parametrize(
    ("pipe", "change", "passes"),
    [
        ("ClonesToWorker", record("INSERT", new="IMPORTING"), True),
        ("ClonesToWorker", record("INSERT", new="QUEUED"), True),
        ("ClonesToWorker", record("MODIFY", "QUEUED", "IMPORTING"), True),
        ("ClonesToWorker", record("MODIFY", "IMPORTING", "IMPORTING"), False),
        ("ClonesToWorker", record("MODIFY", "IMPORTING", "READY"), False),
        ("ClonesToWorker", record("REMOVE", "IMPORTING"), False),
        ("ClonesToReturn", record("REMOVE", "READY"), True),
        ("ClonesToReturn", record("REMOVE", "QUEUED"), True),
        ("ClonesToReturn", record("MODIFY", "IMPORTING", "FAILED"), True),
        ("ClonesToReturn", record("MODIFY", "FAILED", "FAILED"), False),
        ("ClonesToReturn", record("MODIFY", "IMPORTING", "READY"), False),
        ("ClonesToReturn", record("INSERT", new="IMPORTING"), False),
        ("PodsToKeeper", record("INSERT", new="CREATING"), True),
        ("PodsToKeeper", record("MODIFY", "WARM", "ASSIGNED"), True),
        ("PodsToKeeper", record("MODIFY", "CREATING", "WARM"), False),
        ("PodsToKeeper", record("MODIFY", "WARM", "WARM"), False),
        ("PodsToKeeper", record("MODIFY", "ASSIGNED", "READY"), False),
        ("PodsToKeeper", record("REMOVE", "DELETING"), True),
    ],
)
def test_the_pipes_pass_what_the_architecture_says(pipe: str, change: dict[str, Any], passes: bool) -> None:
    specs = {spec.name: spec for spec in pipe_specs(load())}
    assert specs[pipe].passes(change) is passes


def test_the_pipes_pass_keys_only() -> None:
    specs = {spec.name: spec for spec in pipe_specs(load())}
    assert specs["ClonesToWorker"].input(record("INSERT", new="IMPORTING")) == {
        "kind": "clone", "clone_id": "acme", "lease_id": "l-1", "pod_name": "p-1", "generation": "3",
    }  # fmt: skip
    assert specs["ClonesToReturn"].input(record("REMOVE", "READY")) == {
        "kind": "returned", "clone_id": "acme", "lease_id": "", "pod_name": "", "generation": "",
        "old_lease_id": "l-1", "old_pod_name": "p-1", "old_generation": "3",
    }  # fmt: skip
    assert specs["PodsToKeeper"].input(record("MODIFY", "WARM", "ASSIGNED")) == {
        "kind": "pod", "event": "MODIFY", "pod_name": "p-1", "generation": "3",
    }  # fmt: skip


def test_a_pipe_sees_who_deleted_and_where() -> None:
    raw = {
        "eventName": "REMOVE",
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
    }
    seen = as_pipe_record(raw, "arn:stream")
    assert seen["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert seen["eventSourceARN"] == "arn:stream"
