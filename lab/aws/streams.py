"""DynamoDB Streams of DynamoDB Local, read shard by shard from a checkpoint.

Speaks the wire protocol itself: records come as pipes pass them on, and polling many times a second
must not cost a core.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.aws.intrinsics import REGION

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

_SIGNATURE = (  # DynamoDB Local wants the form and checks nothing
    f"AWS4-HMAC-SHA256 Credential=lab/20260101/{REGION}/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"
)
# The position is gone: start again from the checkpoint or, without one, from the oldest record.
_LOST_POSITION = ("ExpiredIteratorException", "TrimmedDataAccessException")


class StreamError(Exception):
    """The stream cannot be read; `code` is the service's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class StreamClient:
    """Calls to DynamoDB (Streams) at one URL."""

    session: aiohttp.ClientSession
    url: str

    async def call(self, target: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One operation, e.g. `DynamoDBStreams_20120810.GetRecords`. Raises StreamError."""
        headers = {
            "Authorization": _SIGNATURE,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": target,
            "X-Amz-Date": "20260101T000000Z",
        }
        async with self.session.post(self.url, data=json.dumps(arguments), headers=headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
            if response.status != 200:  # noqa: PLR2004
                code = str(answer.get("__type", response.status)).rsplit("#", 1)[-1]
                raise StreamError(code, answer.get("message") or answer.get("Message") or "")
            return answer

    async def stream_arn(self, table: str) -> str:
        """The table's present stream."""
        answer = await self.call("DynamoDB_20120810.DescribeTable", {"TableName": table})
        return str(answer["Table"]["LatestStreamArn"])

    async def shards(self, stream: str) -> list[dict[str, Any]]:
        """All shards of the stream, parents before children."""
        found: list[dict[str, Any]] = []
        arguments: dict[str, Any] = {"StreamArn": stream}
        while True:
            answer = await self.call("DynamoDBStreams_20120810.DescribeStream", arguments)
            description = answer["StreamDescription"]
            found += description["Shards"]
            last = description.get("LastEvaluatedShardId")
            if not last:
                return found
            arguments["ExclusiveStartShardId"] = last

    async def iterator(self, stream: str, shard: str, position: dict[str, str]) -> str:
        """A shard iterator at `position` (ShardIteratorType, SequenceNumber?)."""
        arguments = {"StreamArn": stream, "ShardId": shard, **position}
        answer = await self.call("DynamoDBStreams_20120810.GetShardIterator", arguments)
        return str(answer["ShardIterator"])

    async def records(self, iterator: str, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """Up to `limit` records and the next iterator; None once the shard is closed and read."""
        answer = await self.call(
            "DynamoDBStreams_20120810.GetRecords", {"ShardIterator": iterator, "Limit": limit}
        )
        return answer.get("Records", []), answer.get("NextShardIterator")


CLOSED = "closed"


@dataclass(slots=True)
class Checkpoint:
    """How far each shard has been handed on: a sequence number, or CLOSED. Kept in a file."""

    file: Path
    stream: str = ""
    shards: dict[str, str] = field(default_factory=dict)

    def load(self, stream: str) -> None:
        """Read the file; what it says of another stream (a table made anew) is forgotten."""
        self.stream = stream
        self.shards = {}
        if self.file.exists():
            kept = json.loads(self.file.read_text())
            if kept["stream"] == stream:
                self.shards = kept["shards"]

    def advance(self, shard: str, sequence_number: str) -> None:
        """Note the last record handed on, in one step."""
        self.shards[shard] = sequence_number
        self.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps({"stream": self.stream, "shards": self.shards}))
        scratch.replace(self.file)


class StreamReader:
    """Reads one table's stream in order, from the checkpoint on.

    Without a checkpoint it starts at `start`: TRIM_HORIZON (the oldest record) or LATEST.
    """

    def __init__(self, client: StreamClient, table: str, checkpoint: Checkpoint, start: str) -> None:
        self._client = client
        self._table = table
        self._checkpoint = checkpoint
        self._start = start
        self._iterators: dict[str, str] = {}
        self._opened = False
        self._reopen = True  # a shard has ended or its position is lost: look for what to read

    async def read(self, limit: int) -> list[tuple[str, dict[str, Any]]]:
        """(shard, record) pairs that are new; empty when there are none. Raises StreamError."""
        if self._reopen:
            await self._open()
        read: list[tuple[str, dict[str, Any]]] = []
        for shard, iterator in list(self._iterators.items()):
            try:
                records, following = await self._client.records(iterator, limit)
            except StreamError as error:
                if error.code not in _LOST_POSITION:
                    raise
                del self._iterators[shard]
                self._reopen = True
                continue
            read += [(shard, record) for record in records]
            self._follow(shard, following, empty=not records)
        return read

    def _follow(self, shard: str, following: str | None, *, empty: bool) -> None:
        if following is not None:
            self._iterators[shard] = following
            return
        del self._iterators[shard]
        self._reopen = True
        if empty:
            self._checkpoint.advance(shard, CLOSED)

    async def _open(self) -> None:
        """Find iterators for all shards that are not read to their end; children wait for their parents."""
        stream = await self._client.stream_arn(self._table)
        if stream != self._checkpoint.stream:
            self._checkpoint.load(stream)
        shards = await self._client.shards(stream)
        done = {name for name, position in self._checkpoint.shards.items() if position == CLOSED}
        unread = {shard["ShardId"] for shard in shards} - done
        for shard in shards:
            name = shard["ShardId"]
            new = name in unread and name not in self._iterators
            if new and shard.get("ParentShardId") not in unread:
                self._iterators[name] = await self._client.iterator(stream, name, self._position(name))
        self._opened = True
        self._reopen = not self._iterators

    def _position(self, shard: str) -> dict[str, str]:
        known = self._checkpoint.shards.get(shard)
        if known is not None:
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": known}
        # A shard that appears later is the child of one that was read: nothing of it may be missed.
        start = "TRIM_HORIZON" if self._opened else self._start
        return {"ShardIteratorType": start}

    def advance(self, shard: str, record: dict[str, Any]) -> None:
        """The record has been handed on: a restart goes on after it."""
        self._checkpoint.advance(shard, record["dynamodb"]["SequenceNumber"])
