"""The way from a visitor to the clone: routes of this lease, and the page through the ingress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.errors import ImportFailed

if TYPE_CHECKING:
    from clonepool.ports import Cluster, Web
    from clonepool.usecases.mirror import Mirror
    from clonepool.usecases.open_doors import AccessToken
    from clonepool.usecases.work import Work

OK = 200


@dataclass(frozen=True, slots=True)
class OpenSite:
    """Label and route the pod, and later wait until its page is served under the public host name.

    Attributes:
        serve_seconds: how long the page may take to appear once the import has ended well.
    """

    cluster: Cluster
    web: Web
    mirror: Mirror
    access_token: AccessToken
    serve_seconds: float = 60
    poll_seconds: float = 0.2
    route_again_seconds: float = 5

    def route(self, work: Work) -> None:
        """Retries while the last lease of the same name is torn down. Raises StaleRow, ClusterUnavailable."""
        work.insist(lambda: self._route(work))

    def await_page(self, work: Work) -> int:
        """Milliseconds until the front page answered with 200. Raises ImportFailed, StaleRow."""
        token = self.access_token(work.clone)
        began = routed = work.clock.monotonic()
        while (status := self.web.status(work.clone.clone_id, access_token=token)) != OK:
            now = work.clock.monotonic()
            if now - began >= self.serve_seconds:
                raise ImportFailed(
                    "not_served", f"The clone's page answers {status or 'nothing'} and not 200."
                )
            if now - routed >= self.route_again_seconds:
                self.route(work)  # a late worker of an older lease may have replaced it
                routed = now
            work.pause(self.poll_seconds)
        return round((work.clock.monotonic() - began) * 1000)

    def _route(self, work: Work) -> None:
        self.mirror(work.pod)
        self.cluster.route(work.pod.ref, work.clone.clone_id)
