"""What the use cases need from the outside, and the errors that are part of each promise.

Every port has a fake in `tests/fakes` and an adapter; one contract suite runs against both.
Any method of a store may raise `StoreBusy`; any method of `Cluster` may raise `ClusterUnavailable`.
"""

from clonepool.ports.cluster import Cluster, Resolver, Web
from clonepool.ports.leases import Leases
from clonepool.ports.platform import Clock, Reports, Secrets
from clonepool.ports.stores import Pods, Pools, Sources, Stores

__all__ = [
    "Clock",
    "Cluster",
    "Leases",
    "Pods",
    "Pools",
    "Reports",
    "Resolver",
    "Secrets",
    "Sources",
    "Stores",
    "Web",
]
