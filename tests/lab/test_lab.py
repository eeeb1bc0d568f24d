"""Up twice, up after the death of everything, up where it cannot, down: in this order, on one lab."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from lab.client import Api, wait_until
from lab.cluster import cgroups, mounts, network
from lab.process import marked
from lab.services import API_PORT, API_URL, DYNAMODB, FUNCTIONS
from tests.lab.machine import Machine, alive_namespaces, namespaces_of, run

if TYPE_CHECKING:
    from lab.lab import Lab


@pytest.fixture(scope="module")
def up(lab: Lab, before: Machine) -> Lab:
    """The lab, up and with a warm pod."""
    done = run("up")
    assert done.returncode == 0, done.stderr
    _has_a_warm_pod()
    return lab


def _has_a_warm_pod() -> None:
    wait_until("a warm pod", lambda: Api(API_URL).pool()["counts"].get("WARM"), seconds=180)


def _processes(lab: Lab) -> dict[str, tuple[int, int]]:
    return {process.name: (process.pid, process.start) for process in lab.registry.all() if process.alive}


def test_up_is_harmless_when_everything_runs(up: Lab) -> None:
    before, pods = _processes(up), set(cgroups.processes())
    assert before

    done = run("up")

    assert done.returncode == 0, done.stderr
    assert _processes(up) == before
    assert pods & set(cgroups.processes())


def test_up_recovers_after_everything_was_killed_and_leaves_nothing_of_it(up: Lab) -> None:
    old, orphans = _processes(up), set(cgroups.processes())
    _kill_everything(up)
    _leave_half_done_things(up)
    assert network.owner() == up.paths.home, "its bridge stays behind"
    assert up.paths.socket.exists(), "and containerd's socket"
    assert orphans & set(cgroups.processes()), "and its containers run on"

    done = run("up")

    assert done.returncode == 0, done.stderr
    assert run("status").returncode == 0
    assert not old.items() & _processes(up).items()
    assert not orphans & set(cgroups.processes())
    assert mounts.leftovers(up.paths) == []
    _has_a_warm_pod()


def _kill_everything(lab: Lab) -> None:
    for pid in marked(lab.paths.home):
        os.kill(pid, signal.SIGKILL)
    wait_until("their death", lambda: not marked(lab.paths.home), seconds=10)


def _leave_half_done_things(lab: Lab) -> None:
    """As if the machine had gone down in the middle: a mount, a program half unpacked, half a record."""
    stale = lab.paths.data / "stale"
    stale.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "clonepool", str(stale)], check=True)
    (program,) = lab.paths.bin.glob("*/labkube")
    program.unlink()
    (lab.paths.bin / "tmp-half").mkdir()
    record = lab.paths.run / "pids" / "etcd.pid"
    record.write_text(record.read_text()[:20])


@pytest.mark.parametrize("victim", [FUNCTIONS, DYNAMODB])
def test_up_says_which_port_is_taken_and_what_to_do(up: Lab, victim: str) -> None:
    process = up.registry.get(victim)
    assert process is not None
    port = {FUNCTIONS: API_PORT, DYNAMODB: 8000}[victim]
    os.kill(process.pid, signal.SIGKILL)
    with _taking(port):
        done = run("up")
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert "ss -ltnp" in done.stderr
    assert "Traceback" not in done.stderr

    again = run("up")
    assert again.returncode == 0, again.stderr


def _taking(port: int) -> socket.socket:
    """Somebody else's server, once the old one has let go."""
    return wait_until(f"port {port}", lambda: _server(port), seconds=10)


def _server(port: int) -> socket.socket | None:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def test_a_second_lab_is_refused_and_told_whose_the_first_is(
    up: Lab, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _processes(up)
    monkeypatch.setenv("CLONEPOOL_LAB_DIR", str(tmp_path_factory.mktemp("lab")))

    done = run("up")

    assert done.returncode == 1
    assert str(up.paths.home) in done.stderr
    assert run("down").returncode == 0, "which touches nothing of the other"
    assert _processes(up) == before


def test_down_gives_the_machine_back_as_it_was(up: Lab, before: Machine) -> None:
    everything = {*marked(up.paths.home), *cgroups.processes()}
    namespaces = namespaces_of(everything)
    assert before.changes(Machine.now()), "it does change something"

    done = run("down")

    assert done.returncode == 0, done.stderr
    assert marked(up.paths.home) == []
    assert cgroups.processes() == []
    assert not namespaces & alive_namespaces()
    assert before.changes(Machine.now()) == {}
    assert run("down").returncode == 0, "and once more"
