"""Everything of this package in one process: API, schedule, pipes, and a door for tests and operators.

/...                                           the template's HTTP API
POST /2015-03-31/functions/NAME/invocations    Lambda's Invoke; X-Amz-Invocation-Type: Event is asynchronous
GET  /_lab/health                              functions, pipes and schedules
GET  /_lab/invocations                         the last invocations, running ones included
GET  /_lab/queues                              messages in failure destinations and dead-letter queues
POST /_lab/schedule/NAME/fire                  fire a schedule now
POST /_lab/schedule/pause|resume               stop and start schedules
POST /_lab/pipes/pause|resume                  stop and start pipes; nothing is lost
POST /_lab/functions/NAME/kill                 kill the function's processes that are in an invocation
"""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from lab.aws import buckets, http_api, secrets, tables
from lab.aws.functions import function_specs
from lab.aws.invoker import Invoker, UnknownFunction
from lab.aws.pipes import Pipes
from lab.aws.queues import Queues
from lab.aws.schedule import Schedule, UnknownRule
from lab.aws.streams import StreamClient
from lab.aws.template import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.aws.config import Config

_INVOKE_LIMIT = 6 * 2**20  # Lambda's payload limit
_STREAM_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Lab:
    """The event sources and functions of one template, running."""

    def __init__(self, config: Config, say: Callable[[str], None] = print) -> None:
        self._config = config
        self._template = load(config.template, config.parameters, config.stack)
        self._routes = http_api.routes(self._template)
        self._queues = Queues(config.state_dir / "queues")
        specs = function_specs(self._template, config.environment, config.concurrency)
        self._functions = list(specs)
        self.invoker = Invoker(
            specs,
            logs=config.state_dir / "logs",
            queues=self._queues,
            retry_delays_seconds=config.retry_delays_seconds,
            say=say,
        )
        self._schedule = Schedule(self._template, self.invoker)
        self._say = say

    async def start(self) -> None:
        """Make the tables, open the server, start functions, pipes and schedules."""
        config = self._config
        await asyncio.to_thread(
            tables.create, config.dynamodb_url, config.template, config.parameters, stack=config.stack
        )
        if url := self._template.parameters.get("S3Endpoint"):
            await asyncio.to_thread(buckets.create, url, self._template)
        if url := self._template.parameters.get("SecretsManagerEndpoint"):
            await asyncio.to_thread(secrets.generate, url, self._template)
        self._session = aiohttp.ClientSession(timeout=_STREAM_TIMEOUT)
        client = StreamClient(self._session, config.dynamodb_url)
        self._pipes = Pipes(
            self._template, client, config.state_dir / "pipes", self.invoker, self._queues, self._say
        )
        await self.invoker.warm()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, config.host, config.port).start()
        self._pipes.start()
        self._schedule.start()

    async def stop(self) -> None:
        """Stop taking events, then end all function processes."""
        await self._schedule.stop()
        await self._pipes.stop()
        await self.invoker.stop()
        await self._runner.cleanup()
        await self._session.close()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=http_api.MAX_BODY_BYTES + 1)
        add = app.router
        add.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        add.add_get("/_lab/health", self._health)
        add.add_get("/_lab/invocations", self._invocations)
        add.add_get("/_lab/queues", self._read_queues)
        add.add_post("/_lab/schedule/{name}/fire", self._fire)
        add.add_post("/_lab/functions/{name}/kill", self._kill)
        for kind in ("pipes", "schedule"):
            add.add_post(f"/_lab/{kind}/{{order:pause|resume}}", self._pause_or_resume)
        add.add_route("*", "/{tail:.*}", self._api)
        return app

    async def _api(self, request: web.Request) -> web.Response:
        path = request.rel_url.raw_path
        found = http_api.find(self._routes, request.method, path)
        if found is None:
            return _answer(http_api.gateway_error(*http_api.NOT_FOUND))
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _answer(http_api.gateway_error(*http_api.TOO_LARGE))
        call = http_api.Request(
            request.method,
            path,
            request.rel_url.raw_query_string,
            list(request.headers.items()),
            body,
            request.remote or "127.0.0.1",
        )
        route, parameters = found
        event = json.dumps(http_api.payload(call, route, parameters)).encode()
        outcome = await self.invoker.request(route.function, event, f"http {request.method} {path}")
        return _answer(http_api.response(outcome))

    async def _invoke(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        event = await request.read() or b"{}"
        if len(event) > _INVOKE_LIMIT:
            return web.json_response({"Type": "User", "Message": "more than 6 MB"}, status=413)
        try:
            if request.headers.get("X-Amz-Invocation-Type") == "Event":
                request_id = self.invoker.accept(name, event, "invoke")
                return web.Response(status=202, headers={"x-amzn-RequestId": request_id})
            outcome = await self.invoker.request(name, event, "invoke")
        except UnknownFunction as error:
            return web.json_response({"Type": "User", "Message": str(error)}, status=404)
        failed = {} if outcome.kind == "ok" else {"X-Amz-Function-Error": "Unhandled"}
        return web.Response(body=outcome.payload, headers=failed, content_type="application/json")

    async def _health(self, _: web.Request) -> web.Response:
        answer = {
            "ok": True,
            "stack": self._config.stack,
            "functions": self._functions,
            "routes": [route.key for route in self._routes],
            "pipes": self._pipes.names,
            "schedules": self._schedule.names,
        }
        return web.json_response(answer)

    async def _invocations(self, _: web.Request) -> web.Response:
        return web.json_response(self.invoker.history())

    async def _read_queues(self, _: web.Request) -> web.Response:
        return web.json_response(self._queues.read())

    async def _fire(self, request: web.Request) -> web.Response:
        try:
            request_id = self._schedule.fire(request.match_info["name"])
        except UnknownRule as error:
            return web.json_response({"message": str(error)}, status=404)
        return web.json_response({"request_id": request_id}, status=202)

    async def _kill(self, request: web.Request) -> web.Response:
        try:
            killed = self.invoker.kill_running(request.match_info["name"])
        except UnknownFunction as error:
            return web.json_response({"message": str(error)}, status=404)
        return web.json_response({"killed": killed})

    async def _pause_or_resume(self, request: web.Request) -> web.Response:
        part = self._pipes if "/pipes/" in request.path else self._schedule
        getattr(part, request.match_info["order"])()
        return web.json_response({"ok": True})


def _answer(response: http_api.Response) -> web.Response:
    answer = web.Response(status=response.status, body=response.body)
    answer.headers.popall("Content-Type", None)
    for name, value in response.headers:
        answer.headers.add(name, value)
    return answer


async def serve(config: Config) -> None:
    """Run until TERM or INT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    lab = Lab(config)
    await lab.start()
    print(f"serving {config.template.name} at http://{config.host}:{config.port}", flush=True)
    await ended.wait()
    await lab.stop()
