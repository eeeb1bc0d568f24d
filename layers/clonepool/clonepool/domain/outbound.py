"""What a clone's site tried to do to the world outside, as its guard has noted it.

It informs, and proves nothing: the site could write into the ledger itself. What holds the site back is the
network.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        at: epoch seconds.
        kind: `http`, `mail`, `cron` or `socket`.
        host: whom it was for (of a mail, the domain); empty for cron.
        caller: `plugins/<slug>`, `mu-plugins/<slug>`, `themes/<slug>` or `core`.
        outcome: `blocked` or `allowed`.
    """

    at: int
    kind: str
    host: str
    method: str
    caller: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was tried; host `*` stands for all that are not counted by name."""

    kind: str
    host: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """The ledger at one moment: the latest attempts, oldest first, and the numbers of all; both bounded."""

    as_of: int
    attempts: tuple[Attempt, ...] = ()
    tallies: tuple[Tally, ...] = ()
