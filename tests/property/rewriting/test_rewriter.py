"""The rewriter of the agent says of every cell what a second, simple reading of its rules says.

A difference is a bug of one of the three: the rewriter, the oracle, or docs/rewriting.md, which both follow.
REWRITER_CELLS and REWRITER_SEED ask for more cells, or other ones: `make fuzz` chooses a seed and says which.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.property.rewriting.cells import Cells
from tests.property.rewriting.oracle import Oracle, Result
from tests.property.rewriting.site import site

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = int(os.environ.get("REWRITER_SEED", "1"))
CELLS = int(os.environ.get("REWRITER_CELLS", "1000"))
HERE = Path(__file__).parent
AGENT = HERE.parents[2] / "docker" / "clone-agent"

MAPPINGS: dict[str, tuple[list[str], str, list[tuple[str, str]]]] = {
    "shop": (["https://shop.example.com"], "https://c1.clones.test", [("/srv/www/shop/", "/var/www/html")]),
    "ports": (
        ["http://localhost:8080"],
        "https://a-much-longer-name.clones.test:8443",
        [("/app/", "/var/www/html")],
    ),
    "two hosts": (
        ["http://example.com", "https://www.admin.example.com:8080/wp"],
        "http://c1.clones.test:81",
        [],
    ),
    "windows": (["https://a.io"], "https://c1.clones.test", [("C:\\inetpub\\site/", "/var/www/html")]),
    "international": (
        ["https://bücher.example"],
        "https://c1.clones.test",
        [("/srv/bücher", "/var/www/html")],
    ),
    "umlaut": (
        ["https://shop.example.com"],
        "https://c1.clones.test:81",
        [("/srv/my www/Ärzte", "/var/www/html")],
    ),
}
HOSTS = {
    "shop": [b"shop.example.com", b"myshop.example.com", b"shop.example.com.evil.org"],
    "ports": [b"localhost", b"localhost:8080", b"localhost:9200"],
    "two hosts": [b"example.com", b"admin.example.com", b"admin.example.com:8080", b"cdn.example.com"],
    "windows": [b"a.io", b"a.iot", b"b.a.io"],
    "international": [
        "bücher.example".encode(),
        b"xn--bcher-kva.example",
        b"b\\u00fccher.example",
        b"b%C3%BCcher.example",
        b"b\\\\u00fccher.example",
        b"b%25C3%25BCcher.example",
    ],
    "umlaut": [b"shop.example.com", b"shop.example.com.", b"shop.example.com%253A443"],
}
PATHS = {
    "shop": [b"/srv/www/shop", b"/srv/www/shop/x", b"/srv/www/shop2", b"/backup/srv/www/shop"],
    "ports": [b"/app/wp-content", b"/app", b"\\/app\\/wp-includes"],
    "two hosts": [b"/example.com/", b"/var/www"],
    "windows": [
        b"C:\\inetpub\\site\\x",
        b"c:/Inetpub/site/x",
        b"C:\\inetpub\\site/wp\\a.b\\c",
        b"D:\\inetpub\\site",
        b"C:\\inetpub\\site2",
    ],
    "international": ["/srv/bücher/x".encode(), b"/srv/b"],
    "umlaut": [
        "/srv/my www/Ärzte/x".encode(),
        "/srv/my www/ärzte".encode(),
        b"\\/srv\\/my www\\/\\u00c4rzte",
    ],
}


class Rewriter:
    """The agent's rewriter in a process of its own."""

    def __init__(self, program: Path, mapping: tuple[list[str], str, list[tuple[str, str]]]) -> None:
        sources, target, paths = mapping
        said: dict[str, Any] = {"Sources": sources, "Target": target}
        said["Paths"] = [{"From": one, "To": other} for one, other in paths]
        self._process = subprocess.Popen(
            [program, json.dumps(said)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def cell(self, cell: bytes, *, binary: bool) -> Result:
        """One cell, rewritten."""
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        pipe_in.write(json.dumps({"cell": base64.b64encode(cell).decode(), "binary": binary}) + "\n")
        pipe_in.flush()
        answer = json.loads(pipe_out.readline())
        return Result(base64.b64decode(answer["cell"]), answer["kind"], set(answer["reasons"]))

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rewriter's program, compiled as if it lay among the agent's sources."""
    folder = tmp_path_factory.mktemp("rewriter")
    place = AGENT / "cmd" / "test-rewriter" / "main.go"
    overlay = folder / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(place): str(HERE / "main.go")}}))
    command = [
        "go",
        "build",
        "-trimpath",
        f"-overlay={overlay}",
        f"-o={folder / 'rewriter'}",
        "./cmd/test-rewriter",
    ]
    subprocess.run(command, cwd=AGENT, check=True)
    return folder / "rewriter"


@pytest.fixture(params=MAPPINGS)
def name(request: pytest.FixtureRequest) -> str:
    """One of the mappings."""
    return str(request.param)


@pytest.fixture
def rewriter(program: Path, name: str) -> Iterator[Rewriter]:
    """The rewriter for it."""
    one = Rewriter(program, MAPPINGS[name])
    yield one
    one.close()


def test_says_what_the_rules_say(name: str, rewriter: Rewriter) -> None:
    made = Cells(HOSTS[name], PATHS[name], SEED)
    oracle = Oracle(site(*MAPPINGS[name]))
    for n in range(CELLS):
        cell, binary = made.cell(), n % 8 == 0
        assert rewriter.cell(cell, binary=binary) == oracle.cell(cell, binary=binary), (
            f"REWRITER_SEED={SEED}: {cell!r}"
        )
