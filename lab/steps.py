"""Progress: what the lab does and how long that took. Plain lines; a spinner where there is a terminal."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEAT_SECONDS = 20.0


class Steps:
    """Tells each step with its seconds, and now and then that a long one still runs. Threads may share it."""

    def __init__(self, out: TextIO | None = None, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._out = out or sys.stderr
        self._heartbeat = heartbeat_seconds
        self._spinning = threading.Lock()
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """One line, now."""
        self._print("", text)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a block as a step: told when it has ended, and meanwhile that it goes on."""
        began = time.monotonic()
        try:
            with self._sign_of_life(title, began):
                yield
        except BaseException:
            self._print("failed", title)
            raise
        self._print(f"{time.monotonic() - began:.1f} s", title)

    def total(self) -> float:
        """Seconds since the first step could begin."""
        return time.monotonic() - self._began

    def _print(self, left: str, text: str) -> None:
        clear = (
            "\r\x1b[2K" if self._spinning.locked() else ""
        )  # the spinner's line, which is drawn again below
        print(f"{clear}{left:>10}  {text}", file=self._out, flush=True)

    @contextmanager
    def _sign_of_life(self, title: str, began: float) -> Iterator[None]:
        ended = threading.Event()
        teller = threading.Thread(target=self._tell, args=(title, began, ended), daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()

    def _tell(self, title: str, began: float, ended: threading.Event) -> None:
        if self._out.isatty() and self._spinning.acquire(blocking=False):
            self._spin(title, ended)
            return
        while not ended.wait(self._heartbeat):
            self._print("...", f"{title}: {time.monotonic() - began:.0f} s so far")

    def _spin(self, title: str, ended: threading.Event) -> None:
        from rich.console import Console  # noqa: PLC0415 -- 60 ms, and only a terminal needs it

        try:
            with Console(file=self._out).status(title):
                ended.wait()
        finally:
            self._spinning.release()
