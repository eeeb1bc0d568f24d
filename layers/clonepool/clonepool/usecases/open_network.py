"""The way from a leased pod to its source: named hosts are looked up, checked, and let through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.domain.reach import (
    HTTP,
    HTTPS,
    Destination,
    Reach,
    checked,
    literal,
    source_host,
    source_ports,
)
from clonepool.errors import ImportFailed, NotFound

if TYPE_CHECKING:
    from clonepool.domain.clones import Source
    from clonepool.ports import Cluster, Resolver
    from clonepool.usecases.work import Work


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """Let a leased pod reach its source and the hosts that its clone may call.

    Pods have no DNS: what is looked up here is what the network lets through and the agent dials. A name
    that changes its address in between gains nothing.
    """

    cluster: Cluster
    resolver: Resolver
    allow_private: bool = False

    def __call__(self, work: Work, source: Source) -> Reach:
        """What is open for this lease. The first worker decides; whoever follows it looks nothing up again.

        Raises:
            ImportFailed: the source has no address, or one that must not be reached.
            StaleRow, ClusterUnavailable: as `Work.insist`.
        """
        if opened := work.insist(lambda: self.cluster.opened(work.pod.ref)):
            return opened
        wanted = Reach(self._source(source), tuple(self._allowed(work)))
        return work.insist(lambda: self.cluster.open_network(work.pod.ref, wanted))

    def _source(self, source: Source) -> Destination:
        host = source_host(source.url)
        try:
            addresses, why_not = self._look_up(host)
        except NotFound as error:
            raise ImportFailed("source_unreachable", error.detail) from error
        if why_not:
            raise ImportFailed("source_invalid", why_not)
        return Destination(host, addresses, source_ports(source.url))

    def _allowed(self, work: Work) -> list[Destination]:
        """A host that does not resolve, or to what it must not, stays closed; the clone is none the worse."""
        found = []
        for host in work.clone.allow_hosts:
            try:
                addresses, _ = self._look_up(host)
            except NotFound:
                continue
            if addresses:
                found.append(Destination(host, addresses, (HTTP, HTTPS)))
        return found

    def _look_up(self, host: str) -> tuple[tuple[str, ...], str | None]:
        address = literal(host)
        found = [address] if address else self.resolver.addresses(host)
        return checked(host, found, allow_private=self.allow_private)
