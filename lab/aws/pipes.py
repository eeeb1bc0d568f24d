"""EventBridge Pipes from a table's stream to a function, as the template declares them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from lab.aws.input_template import InputTemplateError, transform
from lab.aws.intrinsics import TemplateError
from lab.aws.patterns import matches
from lab.aws.streams import Checkpoint, StreamClient, StreamError, StreamReader
from lab.aws.tables import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.aws.invoker import Invoker
    from lab.aws.queues import Queues
    from lab.aws.template import Resource, Template

PIPE = "AWS::Pipes::Pipe"
POLL_SECONDS = 0.05
_BROKEN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PipeSpec:
    """One pipe: which records of which table go to which function, in which words.

    Attributes:
        patterns: a record passes if one of them matches; none lets all pass.
        max_age_seconds: older records go to the dead-letter queue; -1 is no limit.
    """

    name: str
    table: str
    source_arn: str
    function: str
    patterns: tuple[dict[str, Any], ...]
    input_template: str | None
    batch_size: int
    start: str
    max_age_seconds: int
    dead_letters: str | None

    def passes(self, record: dict[str, Any]) -> bool:
        """Whether the filters let the record through."""
        return not self.patterns or any(matches(pattern, record) for pattern in self.patterns)

    def too_old(self, record: dict[str, Any], now: float) -> bool:
        """Whether the record is past the pipe's limit."""
        created = float(record["dynamodb"]["ApproximateCreationDateTime"])
        return 0 <= self.max_age_seconds < now - created

    def input(self, record: dict[str, Any]) -> Any:
        """What the function gets for this record. Raises InputTemplateError."""
        return transform(self.input_template, record) if self.input_template else record


def pipe_specs(template: Template) -> list[PipeSpec]:
    """All pipes. Raises TemplateError for one that is not from a stream to a function, asynchronous."""
    return [_spec(template, resource) for resource in template.of_type(PIPE)]


def _spec(template: Template, pipe: Resource) -> PipeSpec:
    properties = pipe.properties
    source = properties.get("SourceParameters", {})
    stream = source.get("DynamoDBStreamParameters", {})
    target = properties.get("TargetParameters", {})
    if target.get("LambdaFunctionParameters", {}).get("InvocationType") != "FIRE_AND_FORGET":
        raise TemplateError(f"{pipe.place}: the lab has pipes with InvocationType FIRE_AND_FORGET only")
    table = template.by_arn(properties["Source"], f"{pipe.place}.Source")
    if table.type != TABLE:
        raise TemplateError(f"{pipe.place}.Source: the lab reads streams of tables only, not {table.type}")
    filters = source.get("FilterCriteria", {}).get("Filters", [])
    return PipeSpec(
        name=pipe.logical_id,
        table=table.name,
        source_arn=properties["Source"],
        function=template.by_arn(properties["Target"], f"{pipe.place}.Target").logical_id,
        patterns=tuple(json.loads(entry["Pattern"]) for entry in filters),
        input_template=target.get("InputTemplate"),
        batch_size=int(stream.get("BatchSize", 100)),
        start=stream.get("StartingPosition", "LATEST"),
        max_age_seconds=int(stream.get("MaximumRecordAgeInSeconds", -1)),
        dead_letters=stream.get("DeadLetterConfig", {}).get("Arn"),
    )


class Pipe:
    """A running pipe. Its invocations are asynchronous, so a slow function never holds up the stream."""

    def __init__(
        self,
        spec: PipeSpec,
        reader: StreamReader,
        invoker: Invoker,
        queues: Queues,
        say: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self._reader = reader
        self._invoker = invoker
        self._queues = queues
        self._say = say
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def run(self) -> None:
        """Poll for ever. A stream that cannot be read is said once and tried again."""
        broken = ""
        while True:
            await self.flowing.wait()
            try:
                busy = await self.step()
                broken = ""
            except (StreamError, aiohttp.ClientError, TimeoutError) as error:
                if str(error) != broken:
                    self._say(f"{self.spec.name}: cannot read the stream of {self.spec.table}: {error}")
                broken = str(error)
                await asyncio.sleep(_BROKEN_SECONDS)
                continue
            if not busy:
                await asyncio.sleep(POLL_SECONDS)

    async def step(self) -> bool:
        """Read once and hand on what passes; whether there was anything."""
        read = await self._reader.read(1000)
        passing: list[dict[str, Any]] = []
        last: dict[str, dict[str, Any]] = {}
        for shard, raw in read:
            record = as_pipe_record(raw, self.spec.source_arn)
            if self.spec.passes(record):
                passing.append(record)
            last[shard] = raw
        for start in range(0, len(passing), self.spec.batch_size):
            self._send(passing[start : start + self.spec.batch_size])
        for shard, raw in last.items():
            self._reader.advance(shard, raw)
        return bool(read)

    def _send(self, records: list[dict[str, Any]]) -> None:
        now = time.time()
        batch = []
        for record in records:
            if self.spec.too_old(record, now):
                self._refuse(record, "the record is older than the pipe allows")
                continue
            try:
                batch.append(self.spec.input(record))
            except InputTemplateError as error:
                self._refuse(record, str(error))
        if batch:
            self._invoker.accept(self.spec.function, json.dumps(batch).encode(), f"pipe:{self.spec.name}")

    def _refuse(self, record: dict[str, Any], why: str) -> None:
        self._say(f"{self.spec.name}: {why}")
        if self.spec.dead_letters:
            self._queues.send(self.spec.dead_letters, {"pipe": self.spec.name, "why": why, "record": record})


def as_pipe_record(record: dict[str, Any], source_arn: str) -> dict[str, Any]:
    """A stream record as a pipe sees it: with the ARN of its source, the user identity in lower case."""
    seen = {**record, "eventSourceARN": source_arn}
    if identity := record.get("userIdentity"):
        seen["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in identity.items()}
    return seen


class Pipes:
    """All pipes of the template."""

    def __init__(
        self, template: Template, client: StreamClient, state: Path, invoker: Invoker, queues: Queues,
        say: Callable[[str], None] = print,
    ) -> None:  # fmt: skip
        self._pipes = [
            Pipe(spec, _reader(spec, client, state), invoker, queues, say) for spec in pipe_specs(template)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def names(self) -> list[str]:
        """Logical ids of all pipes."""
        return [pipe.spec.name for pipe in self._pipes]

    def start(self) -> None:
        """Let all pipes flow."""
        self._tasks = [asyncio.create_task(pipe.run()) for pipe in self._pipes]

    def pause(self) -> None:
        """Read no further; what is written meanwhile comes after `resume`."""
        for pipe in self._pipes:
            pipe.flowing.clear()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        for pipe in self._pipes:
            pipe.flowing.set()

    async def stop(self) -> None:
        """End all pipes; their checkpoints stay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _reader(spec: PipeSpec, client: StreamClient, state: Path) -> StreamReader:
    return StreamReader(client, spec.table, Checkpoint(state / f"{spec.name}.json"), spec.start)
