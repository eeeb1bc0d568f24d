"""Warm pods to choose from. The index may be stale: the transaction decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clonepool.domain.pods import PodState

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.pods import Pod, PodRef
    from clonepool.domain.pool import Pool
    from clonepool.ports import Pods

MANY = 50
"""A choice among 10 made 300 concurrent callers collide 2,400 times, among 50 about 300 times."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pods that one caller may try, in random order, without those it has lost already."""

    pods: Pods
    pool: Pool
    shuffle: Callable[[list[Any]], None]
    taken: set[PodRef] = field(default_factory=set)

    def look(self) -> list[Pod]:
        """Warm, proven, of an accepted template, and not struck: those of one shard that has any.

        Everybody begins elsewhere, so one query is enough as long as there are pods in all shards.
        """
        shards = list(range(self.pool.policy.warm_shards))
        self.shuffle(shards)
        for shard in shards:
            if found := [pod for pod in self.pods.warm(self.pool.pool, shard, MANY) if self._eligible(pod)]:
                self.shuffle(found)
                return found
        return []

    def strike(self, pod: Pod) -> None:
        """Somebody else was faster: not again."""
        self.taken.add(pod.ref)

    def _eligible(self, pod: Pod) -> bool:
        accepted = pod.template_hash in self.pool.accepted_templates
        return accepted and pod.state is PodState.WARM and pod.proven and pod.ref not in self.taken
