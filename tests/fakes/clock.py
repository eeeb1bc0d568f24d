"""Clocks for tests."""

from __future__ import annotations

import threading
import time


class FakeClock:
    """Stands still until it is moved; sleeping moves it."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        self._time = float(now)
        self._lock = threading.Lock()

    def now(self) -> int:
        return int(self._time)

    def monotonic(self) -> float:
        return self._time

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._time += seconds


class RealClock:
    """The machine's, for tests with threads."""

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
