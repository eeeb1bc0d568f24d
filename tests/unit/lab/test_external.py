"""A cluster of yours instead of the lab's own: what is brought there, and what is taken away again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from lab.errors import LabError
from lab.images import Image
from lab.lab import Lab
from lab.paths import Paths
from lab.services import Services
from lab.steps import Steps
from tests.unit.lab.fake_kubectl import FakeKubectl

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT = "kind-mine"
CONFIG = json.dumps({"clusters": [{"cluster": {"server": "https://192.0.2.1"}}]})


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """On the cluster of a context; the services are none, and the images are built."""
    monkeypatch.setattr("lab.lab._MACHINES_LOCK", tmp_path / "machine")
    for name in ("start_stores", "start_functions", "down"):
        monkeypatch.setattr(Services, name, Mock())
    images = [
        Image(name, f"clonepool.local/{name}:1", tmp_path / name)
        for name in ("wordpress-clone", "mysql-clone")
    ]
    monkeypatch.setattr("lab.lab.build_images", lambda _: images)
    monkeypatch.delenv("CLONEPOOL_INGRESS", raising=False)
    (tmp_path / "kind").write_text("#!/bin/sh\n")
    (tmp_path / "kind").chmod(0o755)
    return Lab(Paths(tmp_path / "lab", tmp_path / "cache"), Steps(), CONTEXT)


@pytest.fixture
def kubectl(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    return FakeKubectl.on_path(
        tmp_path, monkeypatch, {"config view": f"echo '{CONFIG}'", "create token": "echo token"}
    )


def removed(kubectl: FakeKubectl) -> list[str]:
    """The namespaces from which the objects of a label were removed, and that label."""
    calls = [call.split() for call in kubectl.calls if " delete " in call]
    return [f"{call[1]} {call[4]}" for call in calls if call[0] == f"--context={CONTEXT}"]


CLONES = "--namespace=wordpress-staging --selector=app=wordpress-clone"
SOURCES = "--namespace=sources --selector=app=wordpress-source"


def test_up_removes_pods_whose_rows_are_gone(lab: Lab, kubectl: FakeKubectl) -> None:
    lab.up({})
    assert removed(kubectl) == [CLONES]


def test_up_leaves_pods_whose_rows_are_there(
    lab: Lab, kubectl: FakeKubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "tables_are_new", False)
    lab.up({})
    assert removed(kubectl) == []


def test_an_ingress_that_dns_leads_to_has_an_empty_address_and_no_missing_one(
    lab: Lab, kubectl: FakeKubectl
) -> None:
    lab.up({})
    assert lab.variables()["CLONEPOOL_INGRESS"] == ""
    assert lab.variables()["KUBE_CONTEXT"] == CONTEXT
    assert "export CLONEPOOL_INGRESS=''" in lab.environment()


def test_down_takes_everything_away_that_came_after_the_manifests(lab: Lab, kubectl: FakeKubectl) -> None:
    lab.up({})
    before = len(removed(kubectl))
    Lab(lab.paths, lab.steps, "").down()  # in a shell without KUBE_CONTEXT
    assert removed(kubectl)[before:] == [CLONES, SOURCES]
    with pytest.raises(LabError, match="not up"):
        lab.variables()


def test_down_says_what_to_do_about_a_cluster_that_is_gone(
    lab: Lab, kubectl: FakeKubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.up({})
    FakeKubectl.on_path(tmp_path, monkeypatch, {"delete": "echo no route to host >&2; exit 1"})
    with pytest.raises(LabError, match=r"(?s)no route to host.*gone for good, remove"):
        lab.down()
    (lab.paths.home / "context").unlink()
    FakeKubectl.on_path(tmp_path, monkeypatch)


def test_another_cluster_is_refused_until_the_first_is_down(lab: Lab, kubectl: FakeKubectl) -> None:
    lab.up({})
    for other in ("", "kind-other"):
        with pytest.raises(LabError, match=f"up on {CONTEXT}: run `make lab-down` first"):
            Lab(lab.paths, lab.steps, other).up({})
