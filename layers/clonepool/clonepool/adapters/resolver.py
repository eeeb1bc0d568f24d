"""Names to addresses: by the system's resolver, or by one name server (RFC 1035), where that knows more."""

from __future__ import annotations

import secrets
import socket
import struct
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from clonepool.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIES = 3
WAIT_SECONDS = 2.0
DNS_PORT = 53
TYPE_A, TYPE_AAAA, CLASS_IN = 1, 28, 1
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_POINTER = 0xC0
_LENGTHS = {TYPE_A: 4, TYPE_AAAA: 16}


class SystemResolver:
    """What getaddrinfo says."""

    def addresses(self, host: str) -> list[str]:
        """See the port."""
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotFound(f"{host} does not resolve: {error}") from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class NameserverResolver:
    """What one name server says over UDP. It must be trusted and near: a laboratory's."""

    def __init__(self, server: str, port: int = DNS_PORT, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._server = (server, port)
        self._wait_seconds = wait_seconds

    def addresses(self, host: str) -> list[str]:
        """See the port."""
        found = [*self._ask(host, TYPE_A), *self._ask(host, TYPE_AAAA)]
        if not found:
            raise NotFound(f"{host} has no address")
        return found

    def _ask(self, host: str, kind: int) -> list[str]:
        for _ in range(TRIES):
            try:
                return self._asked_once(host, kind)
            except (OSError, struct.error, IndexError):
                continue  # lost, or no answer to this question
        raise NotFound(f"{host} does not resolve: {self._server[0]} does not answer")

    def _asked_once(self, host: str, kind: int) -> list[str]:
        number = secrets.randbelow(1 << 16)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
            asking.settimeout(self._wait_seconds)
            asking.connect(self._server)
            asking.send(_HEADER.pack(number, 0x0100, 1, 0, 0, 0) + _question(host, kind))
            message = asking.recv(4096)
        said, flags, _, answers, _, _ = _HEADER.unpack_from(message)
        if said != number:
            raise OSError("an answer to another question")
        match flags & 0xF:
            case 0:
                return list(_addresses(message, answers, kind))
            case 3:
                raise NotFound(f"{host} does not resolve: there is no such name")
            case code:
                raise OSError(f"the name server failed with code {code}")


def _question(host: str, kind: int) -> bytes:
    try:
        labels = [label.encode("idna") for label in host.rstrip(".").split(".")]
    except UnicodeError as error:
        raise NotFound(f"{host} is no host name") from error
    name = b"".join(bytes([len(label)]) + label for label in labels)
    return name + b"\0" + struct.pack("!HH", kind, CLASS_IN)


def _addresses(message: bytes, answers: int, kind: int) -> Iterator[str]:
    at = _after_name(message, _HEADER.size) + 4
    for _ in range(answers):
        at = _after_name(message, at)
        found, _, _, length = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        data = message[at : at + length]
        at += length
        if found == kind and len(data) == _LENGTHS[kind]:
            yield str(IPv4Address(data) if kind == TYPE_A else IPv6Address(data))


def _after_name(message: bytes, at: int) -> int:
    """Labels up to an empty one, or to a pointer (RFC 1035, 4.1.4)."""
    while length := message[at]:
        if length & _POINTER == _POINTER:
            return at + 2
        at += 1 + length
    return at + 1
