"""The cluster with its pods, and the network around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clonepool.domain.observed import ImportEvent, ImportJob, ObservedPod, Verdict
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import Pod, PodRef, PodState
    from clonepool.domain.reach import Reach


class Cluster(Protocol):
    """The cluster, as far as one pool's pods go. Changes are guarded by uid and generation (invariant 3)."""

    def create_pod(self, pod: Pod) -> str:
        """Secret, pod, ownerReference; returns the uid. Repeating continues or returns the same uid.

        Raises StaleObject if an object of this name exists with another generation.
        """

    def start_reset(self, old: PodRef, new_generation: int) -> None:
        """Patch the Secret (generation, fresh passwords), then the labels: both containers converge.

        Repeating after either patch completes it. Raises StaleObject.
        """

    def label(self, ref: PodRef, state: PodState, clone_id: str | None) -> None:
        """Mirror the state in labels and annotations. Raises StaleObject."""

    def nudge(self, ref: PodRef) -> None:
        """Touch an annotation so that the kubelet delivers the Secret at once. Raises StaleObject."""

    def route(self, ref: PodRef, clone_id: str) -> None:
        """Service and Ingress of this lease, selecting pod and generation; replaces leftovers of older ones.

        Raises StaleObject if a route of a newer generation or another pod's live lease holds the name.
        """

    def open_network(self, ref: PodRef, reach: Reach) -> Reach:
        """Let this generation of this pod call what `reach` names, while it is leased, and nothing else.

        Returns what is open: of several calls the first counts, its import is under way. Raises StaleObject.
        """

    def opened(self, ref: PodRef) -> Reach | None:
        """What `open_network` has opened for this generation of this pod, if anything."""

    def close(self, ref: PodRef) -> None:
        """Cut off this generation of this pod: nothing in, nothing out, no route. Repeating is harmless.

        A pod that is gone, or in a newer generation, is left alone; what is left of this one goes.
        """

    def unroute(self, pod_name: str, generation: int) -> None:
        """Delete network openings and routes of this pod with this generation or an older one.

        None there is success.
        """

    def verify(self, ref: PodRef) -> Verdict:
        """Ask the verifier in both containers about `ref.generation`, and the cluster for their images.

        Raises StaleObject.
        """

    def logs(self, ref: PodRef) -> dict[str, str]:
        """The last lines of each container's log, at most 4 KiB. Raises StaleObject."""

    def run_import(self, ref: PodRef, job: ImportJob, timeout_seconds: int) -> Iterator[ImportEvent]:
        """Start the import, or follow the one that runs; ends with an event that has a result.

        Raises ClusterUnavailable when the stream breaks: call again to follow. StaleObject when the agent
        refuses the generation.
        """

    def outbound(self, ref: PodRef) -> Outbound:
        """The outbound ledger of a leased pod. Raises StaleObject."""

    def delete_pod(self, ref: PodRef) -> None:
        """Close, then delete exactly this uid without grace, and its Secret. Gone already is success.

        Without a uid the pod is taken to be gone, and its leftovers of any generation go; if it is there
        after all, nothing happens. Raises StaleObject if the pod is in a newer generation.
        """

    def exists(self, ref: PodRef) -> bool:
        """Whether the pod of this uid (without one: of this name) is still there; terminating counts."""

    def pods(self) -> list[ObservedPod]:
        """All pods of clonepool in the namespace, one list call."""

    def strays(self) -> list[tuple[str, str, int]]:
        """(kind, pod name, generation) of every Secret, Service, Ingress and NetworkPolicy of clonepool."""


class Resolver(Protocol):
    """Names to addresses, as the world sees them."""

    def addresses(self, host: str) -> list[str]:
        """IPv4 and IPv6 addresses of a name, at least one. Raises NotFound: none, or nobody answers."""


class Web(Protocol):
    """The clone as a visitor reaches it: through the ingress, by its public host name."""

    def status(self, clone_id: str, path: str = "/", access_token: str | None = None) -> int:
        """HTTP status of one request, redirects not followed; 0 when nothing answered in time.

        A private clone wants its `access_token`.
        """
