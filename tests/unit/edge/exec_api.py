"""The exec subresource as the API server serves it: channels over a websocket, played from a script."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

SUCCESS = {"status": "Success"}


def exit_code(code: int) -> dict[str, Any]:
    """The status of a command that failed."""
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}


@dataclass
class Session:
    """One command, seen from its container."""

    socket: web.WebSocketResponse
    request: web.Request

    @property
    def container(self) -> str:
        return self.request.query["container"]

    async def stdin(self) -> bytes:
        """All of it: version 5 of the protocol says where it ends."""
        content = b""
        async for message in self.socket:
            if message.data == b"\xff\x00":
                return content
            content += message.data[1:]
        return content

    async def out(self, text: str | bytes, channel: int = 1) -> None:
        data = text.encode() if isinstance(text, str) else text
        await self.socket.send_bytes(bytes([channel]) + data)

    async def end(self, status: dict[str, Any]) -> None:
        await self.out(json.dumps(status), 3)


type Play = Callable[[Session], Awaitable[None]]


@dataclass
class ExecApi:
    """`play` is what the command does; `refusals` are HTTP statuses to answer first."""

    url: str = ""
    play: Play | None = None
    refusals: list[int] = field(default_factory=list)
    seen: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
        await socket.prepare(request)
        assert self.play is not None
        await self.play(Session(socket, request))
        await socket.close()
        return socket


@contextmanager
def serving() -> Iterator[ExecApi]:
    """An ExecApi on a free port, in a thread of its own."""
    api = ExecApi()
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}/exec", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address: tuple[str, int] = runner.addresses[0]
        return address[1]

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(start(), loop).result()}"
    try:
        yield api
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
