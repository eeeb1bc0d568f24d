"""Sources that mean harm, or are none. They know the key, so that their MACs are right."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

from lab.trials.pretender import OPTIONS, Act, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIB = 2**20
_PIECE = b"x" * 65_536


def files(*records: bytes) -> Act:
    """Send these records as files, soundly confirmed."""

    def act(request: Request) -> None:
        answer = request.answer()
        for record in records:
            answer.data(record)
        answer.end()

    return act


def tables(*definitions: dict[str, Any]) -> Act:
    """Send these definitions, after that of the options."""

    def act(request: Request) -> None:
        answer = request.answer()
        for definition in (OPTIONS, *definitions):
            answer.json(definition)
        answer.end()

    return act


def table(name: str, create: str, **more: Any) -> dict[str, Any]:
    """A definition with one column."""
    columns = [{"name": "id", "type": "int", "data_type": "int", "kind": "number"}]
    return {
        **OPTIONS,
        "name": name,
        "create": create,
        "columns": columns,
        "row_filter": None,
        "key": [],
        **more,
    }


def rows(
    payload: bytes, columns: Iterable[str] = ("option_id", "option_name", "option_value", "autoload")
) -> Act:
    """Send this as the rows of a table."""

    def act(request: Request) -> None:
        answer = request.answer()
        names = list(columns)
        kinds = ["number", *["text"] * (len(names) - 1)]
        answer.json({"table": request.body.get("table"), "columns": names, "kinds": kinds, "key": []})
        answer.data(payload)
        answer.end()

    return act


def endless_data(request: Request) -> None:
    """Data without a checkpoint, for ever."""
    answer = request.answer()
    while True:
        answer.data(_PIECE)


def endless_definitions(request: Request) -> None:
    """Table after table, each of a megabyte, each confirmed."""
    answer = request.answer()
    start = int(request.body.get("cursor") or 0)
    for number in range(start, 10**9):
        answer.json(table(f"wp_{number}", f"CREATE TABLE `wp_{number}` (`id` int COMMENT '{'x' * _MIB}')"))
        answer.checkpoint(str(number + 1))


def huge_frame(request: Request) -> None:
    """A frame that claims 4 GB."""
    request.answer().raw(b"D\xff\xff\xff\xff" + _PIECE)


def short_of_its_end(request: Request) -> None:
    """An answer that ends before its end, each time anew."""
    request.answer().data(b"half")


def bomb(request: Request) -> None:
    """A gigabyte of zeros in a megabyte, which nobody asked to be compressed."""
    packed = gzip.compress(bytes(64 * _MIB)) * 16
    request.status(200, {"Content-Encoding": "gzip", "Content-Type": "application/octet-stream"}, packed)


def no_progress(request: Request) -> None:
    """Always the same cursor."""
    request.answer().end(complete=False, cursor="again")


def nothing_but_json(value: Any) -> Act:
    """A sound answer with this as its only object."""

    def act(request: Request) -> None:
        answer = request.answer()
        answer.json(value)
        answer.end()

    return act


def redirect(location: str, code: int = 302) -> Act:
    """Send the agent somewhere else."""
    return lambda request: request.status(code, {"Location": location})


def page(body: bytes, status: int = 200) -> Act:
    """What a web server says that has no plugin, or something before it."""
    return lambda request: request.status(status, {"Content-Type": "text/html"}, body)


def late(seconds: float, act: Act) -> Act:
    """Do that after a while, as a site does whose every page is slow."""

    def waiting(request: Request) -> None:
        time.sleep(seconds)
        act(request)

    return waiting


def silent(request: Request) -> None:
    """Take the request and never answer."""
    request.handler.rfile.read()
