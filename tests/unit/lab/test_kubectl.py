"""kubectl: which cluster it speaks to, what it reads and writes, and how it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab import cli
from lab.errors import LabError
from lab.kubectl import Kubectl, command_of, run_in
from lab.paths import Paths
from tests.unit.lab.fake_kubectl import FakeKubectl

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def external(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    """The cluster of a context, whose pods echo; there is no lab's own."""
    monkeypatch.setenv("KUBE_CONTEXT", "kind-mine")
    monkeypatch.setenv("CLONEPOOL_LAB_DIR", str(tmp_path / "lab"))
    answers = {
        "exec ": "cat; echo warned >&2",
        "get pods": "echo '{\"items\": []}'",
        "get node": "echo no >&2; exit 3",
    }
    return FakeKubectl.on_path(tmp_path, monkeypatch, answers)


def test_with_a_context_everything_runs_against_it(external: FakeKubectl) -> None:
    assert Kubectl().list("pods") == []
    Kubectl("sources").remove("app=x")
    Kubectl("").run("version")
    every = [call.split() for call in external.calls]
    assert {call[0] for call in every} == {"--context=kind-mine"}
    assert [call[1] for call in every] == ["--namespace=wordpress-staging", "--namespace=sources", "version"]


def test_the_labs_own_command_follows_the_context_too(
    external: FakeKubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("os.execvp", lambda _, argv: called.append(argv) or 0)
    monkeypatch.setattr(cli, "_find_tools", lambda: None)
    with pytest.raises(SystemExit, match="0"):
        raise SystemExit(cli.main(["kubectl", "get", "pods"]) or 0)
    assert called == [["kubectl", "--context=kind-mine", "get", "pods"]]


def test_without_a_context_it_is_the_labs_own_program_and_administrator(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "lab", tmp_path / "cache")
    with pytest.raises(LabError, match="never been started"):
        command_of(paths, "")
    program = paths.bin / "0123" / "labkube"
    program.parent.mkdir(parents=True)
    program.touch()
    assert command_of(paths, "") == (str(program), "kubectl", f"--kubeconfig={paths.kubeconfig()}")


def test_a_context_without_a_kubectl_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="not on PATH"):
        command_of(Paths(tmp_path, tmp_path), "kind-mine")


def test_bytes_and_streams_reach_a_container_and_come_back(external: FakeKubectl, tmp_path: Path) -> None:
    kubectl = Kubectl("sources")
    assert kubectl.execute("shop", "mysql", ["cat"], stdin=b"bytes") == "bytes"
    assert kubectl.execute("shop", "mysql", ["cat"], stdin=lambda pipe: pipe.write(b"stream")) == "stream"
    with (tmp_path / "out").open("wb") as out:
        assert kubectl.execute("shop", "mysql", ["cat"], stdin=b"\x00\xff", stdout=out) == ""
    assert (tmp_path / "out").read_bytes() == b"\x00\xff"
    assert external.calls[0].endswith("--namespace=sources exec --stdin shop --container=mysql -- cat")


def test_a_failure_says_what_kubectl_said_unless_it_is_an_answer(external: FakeKubectl) -> None:
    with pytest.raises(LabError, match=r"(?s)kubectl get node .*failed:\nno"):
        Kubectl().get("node", "lab")
    done = run_in("shop", "mysql", ["cat"], stdin=b"in", namespace="sources")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"in", b"warned\n")
