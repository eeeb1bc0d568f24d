"""Invocations as Lambda takes them: for an answer, or asynchronously with retries and a destination."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.aws.runtime import FunctionPool, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lab.aws.functions import FunctionSpec
    from lab.aws.queues import Queues

AWS_RETRY_DELAYS_SECONDS = (60.0, 120.0)
LAB_RETRY_DELAYS_SECONDS = (1.0, 2.0)
_KEPT = 2000


class UnknownFunction(Exception):
    """No function of the template has this logical id or name."""


@dataclass(slots=True)
class Invocation:
    """One run of a function. `outcome` is empty while it runs; `ms` counts from acceptance to answer."""

    at: float
    function: str
    request_id: str
    source: str
    attempt: int = 1
    ms: float | None = None
    outcome: str = ""

    def line(self) -> str:
        """For the operator who watches: time, function, request id, source, duration, outcome."""
        clock = datetime.fromtimestamp(self.at, UTC).strftime("%H:%M:%S.%f")[:-3]
        again = f" attempt {self.attempt}" if self.attempt > 1 else ""
        return (
            f"{clock} {self.function} {self.request_id} {self.source}{again} {self.ms:.0f} ms {self.outcome}"
        )


class Invoker:
    """All functions of the template, and what became of each invocation."""

    def __init__(
        self,
        specs: Mapping[str, FunctionSpec],
        *,
        logs: Path,
        queues: Queues,
        retry_delays_seconds: Sequence[float] = LAB_RETRY_DELAYS_SECONDS,
        say: Callable[[str], None] = print,
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._pools = {name: FunctionPool(spec, logs / f"{name}.log") for name, spec in specs.items()}
        self._logical = {spec.name: name for name, spec in specs.items()}
        self._queues = queues
        self._delays = tuple(retry_delays_seconds)
        self._say = say
        self._history: deque[Invocation] = deque(maxlen=_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()

    async def warm(self) -> None:
        """Start one process of each function ahead of the first event."""
        await asyncio.gather(*(pool.warm() for pool in self._pools.values()))

    async def request(self, function: str, event: bytes, source: str) -> Outcome:
        """Invoke and wait for the answer. Raises UnknownFunction."""
        return await self._run(self._pool(function), str(uuid.uuid4()), event, source, 1)

    def accept(self, function: str, event: bytes, source: str) -> str:
        """Take an asynchronous invocation and return its request id at once. Raises UnknownFunction."""
        pool = self._pool(function)
        request_id = str(uuid.uuid4())
        task = asyncio.create_task(self._run_until_done(pool, request_id, event, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return request_id

    async def _run_until_done(self, pool: FunctionPool, request_id: str, event: bytes, source: str) -> None:
        accepted = time.monotonic()
        attempt = 1
        while True:
            outcome = await self._run(pool, request_id, event, source, attempt)
            if outcome.kind == "ok":
                return
            if attempt > pool.spec.retries:
                return self._give_up(pool.spec, request_id, event, outcome, attempt, "RetriesExhausted")
            await asyncio.sleep(self._delays[min(attempt, len(self._delays)) - 1])
            if time.monotonic() - accepted > pool.spec.max_event_age_seconds:
                return self._give_up(pool.spec, request_id, event, outcome, attempt, "EventAgeExceeded")
            attempt += 1

    def _give_up(
        self, spec: FunctionSpec, request_id: str, event: bytes, outcome: Outcome, attempt: int, why: str
    ) -> None:
        """Send the record of a failed asynchronous invocation to the function's destination."""
        if spec.on_failure is None:
            return
        record = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"{spec.arn}:$LATEST",
                "condition": why,
                "approximateInvokeCount": attempt,
            },
            "requestPayload": json.loads(event or b"null"),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": json.loads(outcome.payload or b"null"),
        }
        self._queues.send(spec.on_failure, record)

    async def _run(
        self, pool: FunctionPool, request_id: str, event: bytes, source: str, attempt: int
    ) -> Outcome:
        started = time.perf_counter()
        invocation = Invocation(time.time(), pool.spec.logical_id, request_id, source, attempt)
        self._history.append(invocation)
        outcome = await pool.invoke(request_id, event)
        invocation.ms = round((time.perf_counter() - started) * 1000, 1)
        invocation.outcome = ":".join(filter(None, (outcome.kind, outcome.error_type)))
        self._say(invocation.line())
        return outcome

    def _pool(self, function: str) -> FunctionPool:
        name = self._logical.get(function, function)
        if name not in self._pools:
            raise UnknownFunction(f"no function {function}; there are {', '.join(self._pools)}")
        return self._pools[name]

    def history(self) -> list[dict[str, Any]]:
        """The last invocations, oldest first, running ones included."""
        return [asdict(invocation) for invocation in self._history]

    def kill_running(self, function: str) -> list[str]:
        """Kill the processes of a function that are in an invocation. Raises UnknownFunction."""
        return self._pool(function).kill_running()

    async def stop(self) -> None:
        """Forget waiting retries and kill all processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
