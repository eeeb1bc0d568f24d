"""Processes that run a function as Lambda does: one invocation at a time, over the Lambda Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path

    from lab.aws.functions import FunctionSpec

INIT_SECONDS = 60.0  # Lambda allows 10 s; a shared machine may need more
_API = "/2018-06-01/runtime"

Kind = Literal["ok", "error", "timeout", "crash"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: the answer, or for all but `ok` the error as Lambda reports it, in JSON."""

    kind: Kind
    payload: bytes

    @property
    def error_type(self) -> str:
        """`errorType` of a failed invocation, else empty."""
        if self.kind == "ok":
            return ""
        with contextlib.suppress(ValueError, AttributeError):
            return str(json.loads(self.payload).get("errorType", self.kind))
        return self.kind


def _failed(kind: Kind, error_type: str, message: str) -> Outcome:
    return Outcome(kind, json.dumps({"errorType": error_type, "errorMessage": message}).encode())


@dataclass(slots=True)
class _Work:
    """One invocation on its way through a process."""

    request_id: str
    event: bytes
    outcome: asyncio.Future[Outcome]


class RuntimeProcess:
    """One process of a function, with a Runtime API of its own on a port of its own."""

    def __init__(self, spec: FunctionSpec, log: Path) -> None:
        self.spec = spec
        self._log = log
        self._handed: asyncio.Queue[_Work] = asyncio.Queue(1)
        self._current: _Work | None = None
        self._asked = asyncio.Event()  # the process asked for its first event: init is over
        self._init_error: bytes | None = None
        self._doomed = False  # killed, though perhaps not gone yet
        self._runner: web.AppRunner | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process can take an invocation."""
        return self._process is not None and self._process.returncode is None and not self._doomed

    @property
    def running(self) -> str | None:
        """Request id of the invocation in flight."""
        return self._current.request_id if self._current else None

    async def start(self) -> None:
        """Open the Runtime API and start the process; does not wait for its init."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *_command(self.spec.handler),
                cwd=self.spec.code,
                env=self.spec.process_environment(f"{host}:{port}"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._watch = asyncio.create_task(self._report_exit(self._process))

    async def invoke(self, request_id: str, event: bytes) -> Outcome:
        """Hand the event to the process and wait for its answer, at most the function's timeout."""
        work = _Work(request_id, event, asyncio.get_running_loop().create_future())
        self._current = work
        self._handed.put_nowait(work)
        try:
            return await self._answer(work)
        finally:
            self._current = None

    async def _answer(self, work: _Work) -> Outcome:
        if not self._asked.is_set():
            await self._finish_init(work)
        done, _ = await asyncio.wait([work.outcome], timeout=self.spec.timeout_seconds)
        if done:
            return work.outcome.result()
        self.kill()
        seconds = f"{self.spec.timeout_seconds:.2f}"
        return _failed(
            "timeout", "Sandbox.Timedout", f"{work.request_id} Task timed out after {seconds} seconds"
        )

    async def _finish_init(self, work: _Work) -> None:
        asked = asyncio.ensure_future(self._asked.wait())
        either: list[asyncio.Future[Any]] = [asked, work.outcome]
        await asyncio.wait(either, timeout=INIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not self._asked.is_set() and not work.outcome.done():
            self.kill()
            work.outcome.set_result(_failed("timeout", "Sandbox.Timedout", "the function's init did not end"))

    def kill(self) -> None:
        """End the process and its children at once. An invocation in flight becomes a crash."""
        self._doomed = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Kill the process and close its Runtime API."""
        self.kill()
        if self._watch is not None:
            await self._watch
        if self._runner is not None:
            await self._runner.cleanup()

    async def _report_exit(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        work = self._current
        if work is None or work.outcome.done():
            return
        if self._init_error is not None:
            work.outcome.set_result(Outcome("error", self._init_error))
            return
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        message = f"RequestId: {work.request_id} Error: Runtime exited with error: {how}"
        work.outcome.set_result(_failed("crash", "Runtime.ExitError", message))

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_get(f"{_API}/invocation/next", self._next)
        app.router.add_post(f"{_API}/invocation/{{id}}/response", self._response)
        app.router.add_post(f"{_API}/invocation/{{id}}/error", self._error)
        app.router.add_post(f"{_API}/init/error", self._init_failed)
        return app

    async def _next(self, _: web.Request) -> web.Response:
        self._asked.set()
        work = await self._handed.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": work.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.spec.timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
        }
        return web.Response(body=work.event, headers=headers, content_type="application/json")

    async def _response(self, request: web.Request) -> web.Response:
        return await self._settle(request, "ok")

    async def _error(self, request: web.Request) -> web.Response:
        return await self._settle(request, "error")

    async def _settle(self, request: web.Request, kind: Kind) -> web.Response:
        body = await request.read()
        work = self._current
        if work is None or work.request_id != request.match_info["id"]:
            return web.json_response({"errorType": "InvalidRequestID"}, status=400)
        if not work.outcome.done():
            work.outcome.set_result(Outcome(kind, body))
        return web.json_response({"status": "OK"}, status=202)

    async def _init_failed(self, request: web.Request) -> web.Response:
        self._init_error = await request.read()
        return web.json_response({"status": "OK"}, status=202)


def _command(handler: str) -> list[str]:
    command = [sys.executable, "-m", "awslambdaric", handler]
    setpriv = shutil.which("setpriv")  # so that no process outlives a lab that was killed
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


class FunctionPool:
    """The processes of one function: idle ones are used again, new ones started up to its concurrency."""

    def __init__(self, spec: FunctionSpec, log: Path) -> None:
        self.spec = spec
        self._log = log
        self._free = asyncio.Semaphore(spec.concurrency)
        self._idle: list[RuntimeProcess] = []
        self._all: set[RuntimeProcess] = set()

    async def warm(self) -> None:
        """Start one process ahead of the first event."""
        self._idle.append(await self._start())

    async def invoke(self, request_id: str, event: bytes) -> Outcome:
        """Run one invocation; waits while all processes are busy."""
        async with self._free:
            process = await self._take()
            try:
                return await process.invoke(request_id, event)
            finally:
                await self._give_back(process)

    async def _take(self) -> RuntimeProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await self._drop(process)
        return await self._start()

    async def _start(self) -> RuntimeProcess:
        process = RuntimeProcess(self.spec, self._log)
        self._all.add(process)
        await process.start()
        return process

    async def _give_back(self, process: RuntimeProcess) -> None:
        if process.alive:
            self._idle.append(process)
        else:
            await self._drop(process)

    async def _drop(self, process: RuntimeProcess) -> None:
        self._all.discard(process)
        await process.stop()

    def kill_running(self) -> list[str]:
        """Kill every process that has an invocation in flight; returns their request ids."""
        busy = [process for process in self._all if process.running]
        for process in busy:
            process.kill()
        return [str(process.running) for process in busy]

    async def stop(self) -> None:
        """Kill all processes."""
        await asyncio.gather(*(process.stop() for process in list(self._all)))
        self._all.clear()
        self._idle.clear()
