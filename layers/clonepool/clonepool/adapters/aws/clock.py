"""The real time."""

from __future__ import annotations

import time


class SystemClock:
    """The clock of the machine."""

    def now(self) -> int:
        """Epoch seconds, UTC."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds, for durations and deadlines only."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
