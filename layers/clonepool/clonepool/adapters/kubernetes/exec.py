"""Commands in containers, over a websocket of their own: stdin, streamed stdout, exit code, deadline.

The official client is not used: its `stream()` swaps a method of the shared client while it runs, does not
close stdin, and polls the bare socket, which hides what TLS has already read. Protocol, version 5 closes
streams: k8s.io/apimachinery `pkg/util/httpstream/wsstream/doc.go`.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import websocket

from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from clonepool.adapters.kubernetes.endpoint import Endpoint

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
CONNECT_SECONDS = 5.0
MAX_LINE_BYTES = 4 * 2**20
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_DATA = (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT)
_KEPT_STDERR_BYTES = 2000


class NotRunning(Exception):
    """The container cannot take a command (now). Stays inside the adapter."""


class CommandFailed(Exception):
    """The command ended with another exit code than 0. Stays inside the adapter."""

    def __init__(self, exit_code: int, stderr: str) -> None:
        super().__init__(f"exit code {exit_code}: {stderr}")
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Command:
    """What to run where. `argv` is visible in the pod and in audit logs; secrets go to `stdin`."""

    namespace: str
    pod_name: str
    container: str
    argv: Sequence[str]
    stdin: str = ""

    def path(self) -> str:
        """The request of the exec subresource."""
        query = [("container", self.container), ("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "true")] if self.stdin else []
        query += [("command", word) for word in self.argv]
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod_name}/exec?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended."""

    exit_code: int
    stdout: str


class Executor:
    """Runs commands. Safe to share between threads: every command has a connection of its own."""

    def __init__(self, endpoint: Endpoint, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._monotonic = monotonic

    def run(self, command: Command, *, timeout_seconds: float) -> Completed:
        """Wait for the end. Raises NotRunning, ClusterUnavailable."""
        output: list[str] = []
        try:
            output.extend(self.lines(command, timeout_seconds=timeout_seconds, idle_seconds=timeout_seconds))
        except CommandFailed as failed:
            return Completed(failed.exit_code, "\n".join(output))
        return Completed(0, "\n".join(output))

    def lines(self, command: Command, *, timeout_seconds: float, idle_seconds: float) -> Iterator[str]:
        """Lines of stdout as they come.

        Raises:
            CommandFailed: the command ended with another exit code than 0.
            NotRunning: the container is not there to take it.
            ClusterUnavailable: no connection, a broken one, silence for `idle_seconds`, or the deadline.
        """
        deadline = self._monotonic() + timeout_seconds
        connection = self._connect(command)
        try:
            yield from self._talk(connection, command, deadline, idle_seconds)
        except websocket.WebSocketTimeoutException as error:
            raise ClusterUnavailable(f"{_place(command)} did not answer in time") from error
        except (websocket.WebSocketException, OSError) as error:
            raise ClusterUnavailable(f"the connection to {_place(command)} broke: {error}") from error
        finally:
            connection.shutdown()  # type: ignore[no-untyped-call]

    def _connect(self, command: Command) -> websocket.WebSocket:
        try:
            return self._open(command, renew=False)
        except websocket.WebSocketBadStatusException as error:
            if error.status_code != HTTPStatus.UNAUTHORIZED:
                raise _refusal(command, error) from error
        try:
            return self._open(command, renew=True)
        except websocket.WebSocketBadStatusException as error:
            raise _refusal(command, error) from error

    def _open(self, command: Command, *, renew: bool) -> websocket.WebSocket:
        headers = self._endpoint.credentials.headers(renew=renew)
        options: dict[str, Any] = {"sslopt": {"context": self._endpoint.tls}} if self._endpoint.tls else {}
        try:
            return websocket.create_connection(
                "ws" + self._endpoint.url.removeprefix("http") + command.path(),
                timeout=CONNECT_SECONDS,
                header=[f"{name}: {value}" for name, value in headers.items()],
                subprotocols=list(PROTOCOLS),
                skip_utf8_validation=True,
                enable_multithread=False,
                redirect_limit=0,
                **options,
            )
        except websocket.WebSocketBadStatusException:
            raise
        except (websocket.WebSocketException, OSError) as error:
            raise ClusterUnavailable(f"no connection to {_place(command)}: {error}") from error

    def _talk(
        self, connection: websocket.WebSocket, command: Command, deadline: float, idle_seconds: float
    ) -> Iterator[str]:
        _send_stdin(connection, command.stdin)
        output = _Output()
        while not output.closed:
            remaining = deadline - self._monotonic()
            if remaining <= 0:
                raise ClusterUnavailable(f"{_place(command)} did not answer in time")
            connection.settimeout(min(remaining, idle_seconds))
            yield from output.take(*_receive(connection, ended=output.ended))
        yield from output.rest()
        output.check(command)


def _receive(connection: websocket.WebSocket, *, ended: bool) -> tuple[int, bytes]:
    """One frame. Once the status has come, an end without a goodbye is an end as good."""
    try:
        opcode, data = connection.recv_data(control_frame=True)
    except (websocket.WebSocketException, OSError):
        if ended:
            return websocket.ABNF.OPCODE_CLOSE, b""
        raise
    return opcode, data


class _Output:
    """Sorts frames into lines of stdout, the end of stderr, and the final status."""

    def __init__(self) -> None:
        self.closed = False
        self._line = bytearray()
        self._stderr = b""
        self._status = b""

    @property
    def ended(self) -> bool:
        return bool(self._status)

    def take(self, opcode: int, frame: bytes) -> Iterator[str]:
        self.closed = opcode == websocket.ABNF.OPCODE_CLOSE
        if opcode not in _DATA or not frame:
            return
        channel, data = frame[0], frame[1:]
        if channel == _STDOUT:
            yield from self._lines(data)
        elif channel == _STDERR:
            self._stderr = (self._stderr + data)[-_KEPT_STDERR_BYTES:]
        elif channel == _ERROR:
            self._status += data

    def rest(self) -> Iterator[str]:
        if self._line:
            yield self._line.decode(errors="replace")

    def check(self, command: Command) -> None:
        """Raise unless the command ended well."""
        status = json.loads(self._status) if self._status else {}
        if status.get("status") == "Success":
            return
        causes = status.get("details", {}).get("causes", [])
        codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
        if codes:
            raise CommandFailed(int(codes[0]), self._stderr.decode(errors="replace"))
        if status:
            raise NotRunning(f"{_place(command)}: {status.get('message', '')}")
        raise ClusterUnavailable(f"the connection to {_place(command)} ended without a status")

    def _lines(self, data: bytes) -> Iterator[str]:
        self._line += data
        *complete, last = self._line.split(b"\n")
        self._line = last
        if len(last) > MAX_LINE_BYTES:
            raise ClusterUnavailable(f"a line of more than {MAX_LINE_BYTES} bytes")
        for line in complete:
            yield line.decode(errors="replace")


def _send_stdin(connection: websocket.WebSocket, text: str) -> None:
    if not text:
        return
    connection.send_binary(bytes([_STDIN]) + text.encode())
    if connection.getsubprotocol() == PROTOCOLS[0]:
        connection.send_binary(bytes([_CLOSE, _STDIN]))


def _refusal(command: Command, error: websocket.WebSocketBadStatusException) -> Exception:
    """A refused handshake. What is about this container (400, 404, 500) may only mean "not yet"."""
    detail = f"{_place(command)}: the Kubernetes API answered {error.status_code}"
    if error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR):
        return NotRunning(detail)
    return ClusterUnavailable(detail)


def _place(command: Command) -> str:
    return f"{' '.join(command.argv[:2])} in {command.pod_name}/{command.container}"
