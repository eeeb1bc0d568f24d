"""How fast addresses are rewritten, and how well: `make bench-rewrite`.

Our rewriter, `sed`, and a rewriter by regular expressions get the same cells; PHP says which serialized
values each of them broke.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import figures
from bench.rewriters import corpus

HERE = Path(__file__).parent
PROGRAMS = HERE / "rewriters"
AGENT = HERE.parent / "docker" / "clone-agent"
LOOK_SECONDS = 0.002
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one rewriter."""

    seconds: float
    peak_mb: float


def build(folder: Path) -> Path:
    """Compile our rewriter's program, as if it lay among the agent's sources."""
    place = AGENT / "cmd" / "bench-rewriter" / "main.go"
    overlay = folder / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(place): str(PROGRAMS / "main.go")}}))
    program = folder / "rewriter"
    command = ["go", "build", "-trimpath", f"-overlay={overlay}", f"-o={program}", "./cmd/bench-rewriter"]
    subprocess.run(command, cwd=AGENT, check=True)
    return program


def commands(program: Path) -> dict[str, list[str]]:
    """The rewriters by name."""
    old, new = corpus.OLD, corpus.NEW
    pairs = {old: new, old.replace("/", r"\/"): new.replace("/", r"\/")}
    substitutions = [f"s#{_for_sed(one)}#{_for_sed(other)}#g" for one, other in pairs.items()]
    return {
        "clonepool": [str(program), old, new],
        "sed": ["sed", *(f"--expression={one}" for one in substitutions)],
        "regex": ["php", "-n", str(PROGRAMS / "regex.php"), old, new],
    }


def _for_sed(text: str) -> str:
    return text.replace("\\", "\\\\").replace(".", "\\.")


def measure(command: list[str], cells: Path, out: Path) -> Measured:
    """Run a rewriter over the cells.

    Its peak memory is the high-water mark that the kernel keeps for it, looked at while it runs: ru_maxrss
    would also count the process that started it.
    """
    environment = {**os.environ, "GOMAXPROCS": "1", "LC_ALL": "C"}
    peak = 0
    with cells.open("rb") as stdin, out.open("wb") as stdout:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, env=environment)
        while process.poll() is None:
            peak = max(peak, _high_water(process.pid))
            time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed")
    return Measured(seconds, peak / _MEGABYTE)


def _high_water(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def compare(megabytes: int, runs: int) -> dict[str, Any]:
    """All rewriters in turns, `runs` times each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cells = folder / "cells"
        corpus.write(cells, megabytes * _MEGABYTE)
        rewriters = commands(build(folder))
        measured: dict[str, list[Measured]] = {rewriter: [] for rewriter in rewriters}
        for _ in range(runs):
            for rewriter, command in rewriters.items():
                measured[rewriter].append(measure(command, cells, folder / rewriter))
        size = cells.stat().st_size
        results = {
            rewriter: _result(size, found, _check(cells, folder / rewriter))
            for rewriter, found in measured.items()
        }
    ours = results.pop("clonepool")
    return {"runs": runs, "corpus_bytes": size, **ours, "others": results}


def _check(before: Path, after: Path) -> dict[str, int]:
    command = ["php", "-n", "-d", "memory_limit=-1", str(PROGRAMS / "check.php"), str(before), str(after)]
    counts: dict[str, int] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return counts


def _result(size: int, measured: list[Measured], counts: dict[str, int]) -> dict[str, Any]:
    speed = figures.spread([size / _MEGABYTE / one.seconds for one in measured], 1)
    return {
        "mb_per_s": speed["median"],
        "mb_per_s_min": speed["min"],
        "mb_per_s_max": speed["max"],
        "peak_mb": round(max(one.peak_mb for one in measured), 1),
        "serialized_values": counts["serialized"],
        "broken_values": counts["broken"],
        "cells_with_the_old_address": counts["still_old"],
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.rewrite", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50, help="size of the cells (default: 50)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each rewriter (default: 5)")
    options = parser.parse_args()
    result = compare(options.megabytes, options.runs)
    print(f"{'':<12}{'MB/s':>8}{'peak MB':>10}{'broken':>9} of {result['serialized_values']}")
    for name, one in {"clonepool": result, **result["others"]}.items():
        print(f"{name:<12}{one['mb_per_s']:>8}{one['peak_mb']:>10}{one['broken_values']:>9}")
    print(f"kept in {figures.write('rewrite', result)}")


if __name__ == "__main__":
    main()
