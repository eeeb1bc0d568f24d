"""Commands in containers: what comes back, and how each way of not coming back is told."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from clonepool.adapters.kubernetes.agent import ImportLimits
from clonepool.adapters.kubernetes.commands import Agents
from clonepool.adapters.kubernetes.endpoint import Endpoint
from clonepool.adapters.kubernetes.exec import Command, CommandFailed, Executor, NotRunning
from clonepool.domain.observed import ImportJob
from clonepool.domain.pods import PodRef
from clonepool.domain.proving import REQUIRED
from clonepool.errors import ClusterUnavailable, StaleObject
from tests.unit.edge.exec_api import SUCCESS, ExecApi, Session, exit_code, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMAND = Command("n", "p", "wordpress", ["agent", "import"])
REF = PodRef("p", "u", 4)
JOB = ImportJob(
    "shop", 4, "https://shop.test", "key", "00ff", 1_800_000_000, "https://shop.clones.test", "shop.n.svc"
)


class Tokens:
    renewed = 0

    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        self.renewed += renew
        return {"Authorization": "Bearer t"}


@pytest.fixture
def api() -> Iterator[ExecApi]:
    with serving() as served:
        yield served


@pytest.fixture
def executor(api: ExecApi) -> Executor:
    return Executor(Endpoint(api.url, None, Tokens()))


def lines(executor: Executor, command: Command = COMMAND, idle: float = 5) -> list[str]:
    return list(executor.lines(command, timeout_seconds=5, idle_seconds=idle))


def test_lines_are_whole_however_they_are_cut(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        for piece in (b"on", b"e\ntw", "o\u00e4".encode()[:2], "o\u00e4".encode()[2:], b"\nthr", b"ee"):
            await session.out(piece)
        await session.end(SUCCESS)

    api.play = play
    assert lines(executor) == ["one", "two\u00e4", "three"]


def test_the_command_goes_where_it_should_and_its_words_stay_apart(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.end(SUCCESS)

    api.play = play
    lines(executor, Command("n", "p", "mysql", ["say", "a b", "&c=d"]))
    (request,) = api.seen
    assert request.path == "/api/v1/namespaces/n/pods/p/exec"
    assert request.query.getall("command") == ["say", "a b", "&c=d"]
    assert request.query["container"] == "mysql"
    assert "stdin" not in request.query
    assert request.headers["Authorization"] == "Bearer t"


def test_stdin_arrives_whole_and_is_closed(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out(await session.stdin())
        await session.end(SUCCESS)

    api.play = play
    assert lines(executor, Command("n", "p", "wordpress", ["cat"], "a secret\n")) == ["a secret"]
    assert "secret" not in str(api.seen[0].url)


def test_an_exit_code_is_told_with_the_end_of_stderr(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out("half\n")
        await session.out("it broke", 2)
        await session.end(exit_code(7))

    api.play = play
    with pytest.raises(CommandFailed, match="it broke") as failed:
        lines(executor)
    assert failed.value.exit_code == 7
    assert executor.run(COMMAND, timeout_seconds=5).exit_code == 7
    assert executor.run(COMMAND, timeout_seconds=5).stdout == "half"


def test_a_connection_that_ends_without_a_status_is_unavailable(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out("half")

    api.play = play
    with pytest.raises(ClusterUnavailable, match="without a status"):
        lines(executor)


def test_a_connection_that_breaks_is_unavailable(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        assert session.request.transport is not None
        session.request.transport.abort()

    api.play = play
    with pytest.raises(ClusterUnavailable):
        lines(executor)


def test_silence_is_unavailable(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await asyncio.Event().wait()

    api.play = play
    with pytest.raises(ClusterUnavailable, match="in time"):
        lines(executor, idle=0.05)


def test_a_command_that_talks_for_ever_meets_its_deadline(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        while not session.socket.closed:
            await session.out("still here\n")
            await asyncio.sleep(0.01)

    api.play = play
    with pytest.raises(ClusterUnavailable, match="in time"):
        list(executor.lines(COMMAND, timeout_seconds=0.1, idle_seconds=5))


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_container_that_is_not_there_yet(api: ExecApi, executor: Executor, status: int) -> None:
    api.refusals = [status]
    with pytest.raises(NotRunning):
        lines(executor)


def test_a_container_that_cannot_start_the_command(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.end({"status": "Failure", "message": "container not found"})

    api.play = play
    with pytest.raises(NotRunning, match="container not found"):
        lines(executor)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_what_is_not_about_the_container_is_unavailable(
    api: ExecApi, executor: Executor, status: int
) -> None:
    api.refusals = [status]
    with pytest.raises(ClusterUnavailable, match=str(status)):
        lines(executor)


def test_a_401_renews_the_token_once(api: ExecApi) -> None:
    async def play(session: Session) -> None:
        await session.end(SUCCESS)

    tokens = Tokens()
    api.play, api.refusals = play, [401]
    assert lines(Executor(Endpoint(api.url, None, tokens))) == []
    assert tokens.renewed == 1


def said(container: str, reset_ms: int, *, ok: bool = True, **differing: Any) -> str:
    """What a verifier prints; the checks in `differing` are otherwise than good."""
    checks = {name: {"ok": True} for name in REQUIRED[container]} | differing
    times = {"killed_at": "2026-11-23T20:39:27Z", "started_at": "2026-11-23T20:39:28Z"}
    report = {"generation": 4, "settled": True, "ok": ok, "reset_ms": reset_ms, "checks": checks}
    return json.dumps(report | times)


def test_both_containers_are_asked_and_their_checks_merged(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out(said(session.container, 900 if session.container == "mysql" else 700))
        await session.end(SUCCESS)

    api.play = play
    verdict = Agents(executor, "n").verify(REF)
    assert (verdict.settled, verdict.ok, verdict.reset_ms) == (True, True, 900)
    expected = {f"{container}.{name}" for container in REQUIRED for name in REQUIRED[container]}
    assert verdict.checks.keys() == expected | {"pod.order"}


def test_one_container_that_is_not_there_yet_has_not_settled(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out(said(session.container, 1))
        await session.end(SUCCESS)

    api.play, api.refusals = play, [500]
    assert Agents(executor, "n").verify(REF).settled is False


def test_an_agent_of_another_generation_has_not_settled(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out(said(session.container, 1))
        await session.end(exit_code(3))

    api.play = play
    assert Agents(executor, "n").verify(REF).settled is False


def test_findings_come_with_exit_code_1_and_are_told(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        files = {"ok": False, "findings": ["extra x"]}
        await session.out(said(session.container, 1, ok=False, files=files))
        await session.end(exit_code(1))

    api.play = play
    verdict = Agents(executor, "n").verify(REF)
    assert (verdict.settled, verdict.ok) == (True, False)
    assert set(verdict.findings) == {"wordpress.files: extra x", "mysql.files: extra x"}


def test_an_import_is_followed_to_its_result(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        assert b'"job_key": "00ff"' in await session.stdin()
        await session.out('{"phase": "database", "percent": 12.5, "bytes_done": 5}\n')
        await session.out('{"phase": "done", "percent": 100, "result": "ok", "timings_ms": {"files": 9}}\n')
        await session.end(SUCCESS)

    api.play = play
    first, last = Agents(executor, "n").follow_import(REF, JOB, 5, ImportLimits(0, 4 << 30))
    assert (first.progress.phase, first.progress.percent, first.result) == ("database", 12, None)
    assert (last.result, last.timings_ms) == ("ok", {"files": 9})
    assert "00ff" not in str(api.seen[0].url)


def test_a_failed_import_says_its_code(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out('{"phase": "files", "result": "failed", "code": "disk_full", "detail": "4 GiB"}\n')
        await session.end(exit_code(1))

    api.play = play
    (event,) = Agents(executor, "n").follow_import(REF, JOB, 5, ImportLimits(0, 4 << 30))
    assert (event.result, event.failure_code, event.detail) == ("failed", "disk_full", "4 GiB")


@pytest.mark.parametrize(
    ("code", "error"), [(3, StaleObject), (2, ClusterUnavailable), (0, ClusterUnavailable)]
)
def test_an_import_without_a_result(
    api: ExecApi, executor: Executor, code: int, error: type[Exception]
) -> None:
    async def play(session: Session) -> None:
        await session.end(exit_code(code) if code else SUCCESS)

    api.play = play
    with pytest.raises(error):
        list(Agents(executor, "n").follow_import(REF, JOB, 5, ImportLimits(0, 4 << 30)))


def test_a_line_that_is_cut_is_unavailable(api: ExecApi, executor: Executor) -> None:
    async def play(session: Session) -> None:
        await session.out('{"phase": "fi')
        await session.end(SUCCESS)

    api.play = play
    with pytest.raises(ClusterUnavailable, match="cut short"):
        list(Agents(executor, "n").follow_import(REF, JOB, 5, ImportLimits(0, 4 << 30)))
