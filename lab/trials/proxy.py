"""A TCP proxy between a pod and its source that does what networks do: cut, stall, slow down, alter."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from lab.cluster import net

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK = 64 * 1024
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 seconds: close() sends RST, as a broken path does, and what was not sent is lost."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What happens to one byte of those that the source has sent, counted over all connections."""

    at: int
    kind: Literal["cut", "garble", "stall"] = "cut"
    seconds: float = 0
    """How long a stall holds up this connection; the others go on."""


class Proxy:
    """Listens until it is closed, which a `with` statement does.

    Attributes:
        address: `host:port` to connect to, on an address that the lab's pods reach.
        sent: bytes that have come from the source so far.
        connections: how many were made.
        suffered: the faults that have happened.
    """

    def __init__(
        self,
        target: tuple[str, int],
        faults: Iterable[Fault] = (),
        *,
        bytes_per_second: float | None = None,
        listen: str = net.NODE_IP,
    ) -> None:
        """`target` is where the connections go to; a rate is that of each one of them."""
        self.sent = 0
        self.connections = 0
        self.suffered: list[Fault] = []
        self._target = target
        self._waiting = sorted(faults)
        self._rate = bytes_per_second
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((listen, 0))
        host, port = self._listener.getsockname()
        self.address = f"{host}:{port}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])

    def __enter__(self) -> Self:
        """Listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, and break what is open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _break(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            source = socket.create_connection(self._target, timeout=10)
        except OSError:
            _break(client)
            return
        source.settimeout(None)
        with self._lock:
            self._open |= {client, source}
        threading.Thread(target=self._copy, args=(client, source), daemon=True).start()
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if not self._forward(chunk, client):
                    _break(source)
                    break
        _end(client)
        _end(source)
        with self._lock:
            self._open -= {client, source}

    def _copy(self, client: socket.socket, source: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(_CHUNK):
                source.sendall(chunk)
            source.shutdown(socket.SHUT_WR)

    def _forward(self, chunk: bytes, client: socket.socket) -> bool:
        """Pass a chunk on, with what befalls it; False if the connection was cut."""
        for fault, at in self._due(len(chunk)):
            if fault.kind == "garble":
                chunk = chunk[:at] + bytes([chunk[at] ^ 0x10]) + chunk[at + 1 :]
            elif fault.kind == "stall":
                time.sleep(fault.seconds)
            else:
                client.sendall(chunk[:at])
                _break(client)
                return False
        client.sendall(chunk)
        if self._rate:
            time.sleep(len(chunk) / self._rate)
        return True

    def _due(self, length: int) -> list[tuple[Fault, int]]:
        """The faults that fall into the next `length` bytes, each with its place in them."""
        with self._lock:
            first, self.sent = self.sent, self.sent + length
            due = [fault for fault in self._waiting if fault.at < self.sent]
            cut = next((n for n, fault in enumerate(due) if fault.kind == "cut"), None)
            if cut is not None:  # what is behind it never arrives
                due = due[: cut + 1]
                self.sent = max(first, due[-1].at)
            self._waiting = self._waiting[len(due) :]
            self.suffered += due
        return [(fault, max(fault.at - first, 0)) for fault in due]


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RD)  # wakes who waits for it, and sends nothing
        connection.close()


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
