"""A clone's life told by event files, one delivery at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.integration.handlers import Functions, event

if TYPE_CHECKING:
    from tests.integration.handlers import Answer


@dataclass
class Story:
    """What the functions have told so far; event files are made to speak of its pod and lease."""

    functions: Functions
    pod_name: str = ""
    lease_id: str = ""
    generation: int = 1

    def http(self, name: str, **changes: Any) -> Answer:
        return self.functions.http(event(name, **changes))

    def warm_up(self) -> None:
        """The schedule reserves a row, whose record has it made and proved."""
        self.functions.invoke("pool_keeper", event("schedule"))
        stores = self.functions.stores
        (row,) = stores.pods.of_pool("default")
        self.pod_name = row.pod_name
        self.functions.invoke("pool_keeper", event("pod-creating", pod_name=self.pod_name))

    def another_warm_pod(self) -> None:
        """What the record of a pod that left WARM makes the keeper do."""
        self.functions.invoke("pool_keeper", event("pod-left-warm", pod_name=self.pod_name))
        for row in self.functions.stores.pods.of_pool("default"):
            self.functions.invoke("pool_keeper", event("pod-creating", pod_name=row.pod_name))

    def claim(self) -> Answer:
        answer = self.http("create-clone")
        clone = self.functions.stores.leases.get("shop")
        assert clone is not None
        self.lease_id, self.pod_name = clone.lease_id, clone.pod_name or self.pod_name
        self.generation = clone.generation or self.generation
        return answer

    def prepare(self) -> None:
        record = event(
            "clone-importing",
            pod_name=self.pod_name,
            lease_id=self.lease_id,
            generation=str(self.generation),
        )
        self.functions.invoke("clone_worker", record)

    def removal(self) -> Any:
        """The record of the lease's end."""
        return event(
            "clone-removed",
            old_pod_name=self.pod_name,
            old_lease_id=self.lease_id,
            old_generation=str(self.generation),
        )

    def give_back(self, record: Any = None) -> None:
        self.functions.invoke("pod_return", record or self.removal())

    def pod(self) -> Any:
        path = f"/pool/pods/{self.pod_name}"
        changed = event("get-pod")
        changed["rawPath"] = changed["requestContext"]["http"]["path"] = path
        return self.functions.http(changed).body
