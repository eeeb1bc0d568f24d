"""Progress: what the lab does and how long that took. Plain lines; a spinner where there is a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


class Steps:
    """Tells each step with its seconds; `say` is for lines within a step."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """One line, now."""
        print(f"{'':>10}  {text}", file=self._out, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a block as a step: told when it has ended, and meanwhile where somebody is looking."""
        began = time.monotonic()
        try:
            with self._spinner(title):
                yield
        except BaseException:
            print(f"{'failed':>10}  {title}", file=self._out, flush=True)
            raise
        seconds = time.monotonic() - began
        print(f"{seconds:8.1f} s  {title}", file=self._out, flush=True)

    def total(self) -> float:
        """Seconds since the first step could begin."""
        return time.monotonic() - self._began

    @contextmanager
    def _spinner(self, title: str) -> Iterator[None]:
        if not self._out.isatty():
            yield
            return
        from rich.console import Console  # noqa: PLC0415 -- 60 ms, and only a terminal needs it

        with Console(file=self._out).status(title):
            yield
