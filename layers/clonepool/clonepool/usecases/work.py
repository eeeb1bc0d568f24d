"""One run of a worker on one lease: its time, and its signs of life."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clonepool.domain.transitions import SILENCE_SECONDS
from clonepool.errors import ClusterUnavailable, ImportFailed, StaleObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Clone, Progress
    from clonepool.domain.pods import Pod
    from clonepool.ports import Clock, Leases
    from clonepool.usecases.patience import Budget

REPORT_SECONDS = 1.0
BEAT_SECONDS = 5.0
INSIST_SECONDS = 0.2


@dataclass(slots=True)
class Work:
    """What a worker does for `clone` on `pod`, both as read.

    Attributes:
        limit_at: epoch second at which the import has had its time, whoever worked on it.
        budget: the time of this run; another run goes on afterwards.
    """

    leases: Leases
    clock: Clock
    clone: Clone
    pod: Pod
    limit_at: int
    budget: Budget
    progress: Progress
    _stored_at: float = field(default=float("-inf"), init=False)

    def report(self, progress: Progress) -> None:
        """Store progress, at most once a second. Raises StaleRow when the lease is over."""
        self.progress = progress
        self._store_every(REPORT_SECONDS)

    def beat(self) -> None:
        """Show that this worker is alive, now and then. Raises StaleRow when the lease is over."""
        self._store_every(BEAT_SECONDS)

    def pause(self, seconds: float) -> None:
        """Wait, with a sign of life. Raises StaleRow, and as `check_time`."""
        self.check_time()
        self.beat()
        self.budget.pause(seconds)

    def insist[T](self, task: Callable[[], T]) -> T:
        """What `task` returns, tried again while the cluster is down or the pod is not as its row says.

        The row decides whether to go on: it may be the last lease of the same name that is torn down, or the
        pod is lost. Raises StaleRow, and as `check_time`.
        """
        while True:
            try:
                return task()
            except StaleObject:
                self.report(self.progress)
            except ClusterUnavailable:
                self.beat()
            self.pause(INSIST_SECONDS)

    def check_time(self) -> None:
        """Whether to go on.

        Raises:
            ImportFailed: the import has had its time.
            ClusterUnavailable: this run has had its time; call again to go on.
        """
        if self.clock.now() >= self.limit_at:
            raise ImportFailed("timeout", "The import took longer than the pool allows.")
        if self.budget.spent:
            raise ClusterUnavailable("This run's time is over before the clone was ready; the next goes on.")

    def _store_every(self, seconds: float) -> None:
        if self.clock.monotonic() - self._stored_at < seconds:
            return
        self.leases.progress(self.clone, self.progress, self.clock.now() + SILENCE_SECONDS)
        self._stored_at = self.clock.monotonic()
