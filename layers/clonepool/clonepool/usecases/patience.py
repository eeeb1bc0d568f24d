"""Waiting and trying again, always under a deadline and always by the injected clock."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING

from clonepool.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.ports import Clock

RANDOM = SystemRandom()
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Budget:
    """A span of time to spend. `ends_at` is of the monotonic clock."""

    clock: Clock
    ends_at: float

    @classmethod
    def of(cls, clock: Clock, seconds: float) -> Budget:
        """A budget of `seconds` from now."""
        return cls(clock, clock.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self.ends_at - self.clock.monotonic())

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def pause(self, seconds: float) -> None:
        """Sleep for `seconds`, but not past the end."""
        self.clock.sleep(min(seconds, self.left))

    def pause_about(self, seconds: float) -> None:
        """Sleep for a random time around `seconds`, so that those who collided do not collide again."""
        self.pause(RANDOM.uniform(0.2, 1.0) * seconds)


def persistently[T](call: Callable[[], T], budget: Budget) -> T:
    """Return what `call` returns, calling again with growing random pauses while it raises `Unavailable`.

    Raises:
        Unavailable: the last one, once the budget is spent.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return call()
        except Unavailable:
            if budget.spent:
                raise
        budget.pause_about(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
