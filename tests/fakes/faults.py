"""Functions that die: a port that stops the caller before or after any of its calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Died(Exception):
    """The function's process is gone; nothing of it runs any more."""


@dataclass
class Mortality:
    """Counts the calls of all wrapped ports, and lets the caller die at one of them.

    Attributes:
        at: the number of calls until then; None is never.
        after: whether that call is still carried out.
    """

    at: int | None = None
    after: bool = False

    def wrap(self, port: Any) -> Any:
        return _Mortal(port, self)

    def next(self) -> bool:
        """Whether this call is the last."""
        if self.at is None:
            return False
        self.at -= 1
        return self.at < 0


class _Mortal:
    def __init__(self, port: Any, mortality: Mortality) -> None:
        self._port = port
        self._mortality = mortality

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            last = self._mortality.next()
            if last and not self._mortality.after:
                raise Died(name)
            result = method(*args, **kwargs)
            if last:
                raise Died(name)
            return result

        return call
