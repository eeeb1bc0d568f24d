"""All rows in memory, one lock, and the events that changes of rows cause."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.records import Event, Record, events_of

if TYPE_CHECKING:
    from clonepool.domain.clones import Clone, Lease, Source
    from clonepool.domain.pods import Pod
    from clonepool.domain.pool import Pool


@dataclass
class Tables:
    """All rows, one lock, and the events that changes cause."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    clones: dict[str, Clone] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    leases: dict[tuple[str, int], Lease] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def put_clone(self, clone: Clone) -> None:
        self.events += events_of(Record(self.clones.get(clone.clone_id), clone))
        self.clones[clone.clone_id] = clone

    def delete_clone(self, clone_id: str) -> None:
        self.events += events_of(Record(self.clones.pop(clone_id), None))

    def put_pod(self, pod: Pod) -> None:
        self.events += events_of(Record(self.pods.get(pod.pod_name), pod))
        self.pods[pod.pod_name] = pod

    def delete_pod(self, pod_name: str) -> None:
        self.events += events_of(Record(self.pods.pop(pod_name), None))
