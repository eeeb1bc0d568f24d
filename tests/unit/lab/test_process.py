"""Processes that outlive their starter: recorded, recognised, ended."""

import os
import signal
import subprocess

import pytest

from lab.client import wait_until
from lab.process import MARK, Process, Registry, marked, start_time, terminate


@pytest.fixture
def registry(tmp_path):
    registry = Registry(tmp_path / "pids", tmp_path / "logs", tmp_path)
    yield registry
    terminate(marked(tmp_path))


def wait_for_exit(pid):
    os.waitpid(pid, 0)


def test_a_started_process_is_found_by_its_record_and_by_its_mark(registry, tmp_path):
    process = registry.start("sleeper", ["sleep", "600"])

    assert registry.alive("sleeper")
    assert registry.get("sleeper") == process
    # the kernel shows a new program's environment a moment after it has let the parent go on
    wait_until("its mark", lambda: marked(tmp_path) == [process.pid], seconds=10, every=0.01)


def test_stop_ends_the_process_and_forgets_it(registry):
    process = registry.start("sleeper", ["sleep", "600"])

    registry.stop(["sleeper"])

    assert start_time(process.pid) is None
    assert registry.get("sleeper") is None


def test_a_process_that_ignores_term_is_killed_after_the_grace_time(registry):
    process = registry.start(
        "stubborn", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done"]
    )
    log = registry.logs / "stubborn.log"
    while "ready" not in log.read_text():
        assert process.alive

    registry.stop(["stubborn"], grace_seconds=0.05)

    assert not process.alive


def test_an_id_given_to_another_process_is_neither_alive_nor_killed(registry):
    ours = registry.record("impostor", os.getpid())
    record = registry.records / "impostor.pid"
    record.write_text(record.read_text().replace(str(ours.start), str(ours.start + 1)))

    assert not registry.alive("impostor")
    registry.stop(["impostor"])  # we are still here to say so
    assert registry.get("impostor") is None


def test_a_zombie_is_not_alive():
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert start_time(child.pid) is None
    child.wait()


def test_a_record_cut_short_counts_as_none(registry):
    registry.records.mkdir()
    (registry.records / "half.pid").write_text('{"name": "half", "pi')

    assert registry.get("half") is None
    assert registry.all() == []


def test_the_environment_is_the_given_one_and_the_mark(registry):
    process = registry.start("shower", ["env"], environment={"PATH": os.environ["PATH"], "COLOUR": "green"})
    wait_for_exit(process.pid)

    shown = (registry.logs / "shower.log").read_text()
    assert "COLOUR=green" in shown
    assert f"{MARK}={registry.owner}" in shown
    assert "HOME=" not in shown


def test_a_process_runs_where_it_is_told(registry, tmp_path):
    process = registry.start("where", ["pwd"], folder=tmp_path)
    wait_for_exit(process.pid)

    assert (registry.logs / "where.log").read_text() == f"{tmp_path}\n"


def test_terminate_takes_what_is_gone_already():
    child = subprocess.Popen(["sleep", "600"])
    child.send_signal(signal.SIGKILL)
    child.wait()

    terminate([child.pid])


def test_a_missing_process_is_not_alive():
    assert not Process("none", 2**22 - 1, 1, 0).alive
