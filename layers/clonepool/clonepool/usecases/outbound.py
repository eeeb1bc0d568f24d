"""The outbound ledger: fetched by those who have the cluster, shown by the API, which has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.errors import LostRace, Unavailable

if TYPE_CHECKING:
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Pod
    from clonepool.ports import Cluster, Leases
    from clonepool.usecases.read_clones import GetClone


@dataclass(frozen=True, slots=True)
class FetchOutbound:
    """Keep a leased pod's ledger with its lease. It informs only: what fails here has no effect."""

    leases: Leases
    cluster: Cluster

    def __call__(self, pod: Pod) -> None:
        """`pod` as read, leased."""
        try:
            found = self.cluster.outbound(pod.ref)
            self.leases.keep_outbound(pod.pod_name, pod.generation, found)
        except (Unavailable, LostRace):
            return


@dataclass(frozen=True, slots=True)
class GetOutbound:
    """What is known of a clone's attempts."""

    leases: Leases
    get_clone: GetClone

    def __call__(self, clone_id: str, caller: str | None = None) -> Outbound | None:
        """None before the first fetch. Raises NotFound, CloneGone as for reading the clone."""
        lease = self.leases.lease_of(self.get_clone(clone_id, caller))
        return lease.outbound if lease else None
