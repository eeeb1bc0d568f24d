"""Every error that crosses a layer, in one tree.

    ClonepoolError                  code                  status  retry helps
    |-- InvalidRequest              invalid_request       400     no
    |   |-- InvalidName             invalid_name          400     no
    |   |-- InvalidTtl              invalid_ttl           400     no
    |   |-- InvalidUrl              invalid_url           400     no
    |   |-- InvalidKey              invalid_key           400     no
    |   `-- InvalidHosts            invalid_hosts         400     no
    |-- Forbidden                   forbidden             403     no
    |-- NotFound                    not_found             404     no
    |-- MethodNotAllowed            method_not_allowed    405     no
    |-- BodyTooLarge                body_too_large        413     no
    |-- UnsupportedMediaType        unsupported_media_type 415    no
    |-- CloneGone                   clone_gone            410     no
    |-- Conflict                    conflict              409     no
    |   |-- SourceNotRegistered     source_not_registered 409     no
    |   |-- NameTaken               name_taken            409     no
    |   |-- CloneNotReady           not_ready             409     no
    |   |-- CloneNotExtendable      not_extendable        409     no
    |   `-- NotQuarantined          not_quarantined       409     no
    |-- QuotaExceeded               quota_exceeded        429     later
    |-- Unavailable                 unavailable           503     yes
    |   |-- PoolEmpty               pool_empty            503     yes
    |   |-- StoreBusy               store_busy            503     yes
    |   `-- ClusterUnavailable      cluster_unavailable   503     yes
    |-- LostRace                    (never leaves a worker)       no
    |   |-- PodTaken                a candidate pod went to somebody else
    |   |-- StaleRow                a row is not as it was read (state, generation, lease)
    |   |-- StaleObject             a cluster object is not as the row says (uid, generation)
    |   `-- CloneExists             a live clone with this id exists; carries it
    `-- ImportFailed                code of the failed import     no (becomes the clone's failure)

`LostRace` and below end a worker quietly: somebody else is responsible now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clonepool.domain.clones import Clone


class ClonepoolError(Exception):
    """Root of the tree. `detail` is a sentence for people and says what to do."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class InvalidRequest(ClonepoolError):
    """The caller must change the request. `errors` says for each field what is wrong."""

    code = "invalid_request"
    status = 400
    title = "Invalid request"

    def __init__(self, detail: str = "", errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)


class InvalidName(InvalidRequest):
    """A customer id or clone name that is no DNS label, is reserved, or holds `--`."""

    code = "invalid_name"
    title = "Invalid name"


class InvalidTtl(InvalidRequest):
    """A time to live outside 1 to 1440 minutes, or no whole number."""

    code = "invalid_ttl"
    title = "Invalid time to live"


class InvalidUrl(InvalidRequest):
    """A source address that is not an absolute http or https URL with a host."""

    code = "invalid_url"
    title = "Invalid source URL"


class InvalidKey(InvalidRequest):
    """An export key that does not have the plugin's format."""

    code = "invalid_key"
    title = "Invalid export key"


class InvalidHosts(InvalidRequest):
    """Too many allowed hosts, or one that is no public host name."""

    code = "invalid_hosts"
    title = "Invalid allowed hosts"


class Forbidden(ClonepoolError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class MethodNotAllowed(ClonepoolError):
    """The path exists, but not for this HTTP method."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"


class BodyTooLarge(ClonepoolError):
    """The request's body is larger than any valid one."""

    code = "body_too_large"
    status = 413
    title = "Body too large"


class UnsupportedMediaType(ClonepoolError):
    """The request's body is not said to be JSON."""

    code = "unsupported_media_type"
    status = 415
    title = "Unsupported media type"


class NotFound(ClonepoolError):
    """Never existed, or belongs to somebody else."""

    code = "not_found"
    status = 404
    title = "Not found"


class CloneGone(ClonepoolError):
    """The clone existed and has expired or was released."""

    code = "clone_gone"
    status = 410
    title = "Clone gone"


class Conflict(ClonepoolError):
    """The request does not fit the present state."""

    code = "conflict"
    status = 409
    title = "Conflict"


class SourceNotRegistered(Conflict):
    """The customer has no source yet."""

    code = "source_not_registered"
    title = "Source not registered"

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"Register a source for {customer_id} first: PUT /customers/{customer_id}/source.")


class NameTaken(Conflict):
    """A live clone of another customer has this id."""

    code = "name_taken"
    title = "Name taken"


class CloneNotReady(Conflict):
    """The clone serves no page yet, or has failed."""

    code = "not_ready"
    title = "Clone not ready"


class CloneNotExtendable(Conflict):
    """The clone has reached its longest time or has failed."""

    code = "not_extendable"
    title = "Clone cannot be extended"


class NotQuarantined(Conflict):
    """The pod is not in quarantine: whoever has it, or nobody, decides about it."""

    code = "not_quarantined"
    title = "Pod is not in quarantine"


class QuotaExceeded(ClonepoolError):
    """The customer has as many live clones as its limit allows."""

    code = "quota_exceeded"
    status = 429
    title = "Too many live clones"
    retry_after_seconds = 60


class Unavailable(ClonepoolError):
    """Cannot be done now; the same request may work later."""

    code = "unavailable"
    status = 503
    title = "Unavailable"
    retry_after_seconds = 5


class PoolEmpty(Unavailable):
    """No warm pod, and the caller did not want to wait for one."""

    code = "pool_empty"
    title = "No warm pod"
    retry_after_seconds = 15


class StoreBusy(Unavailable):
    """DynamoDB throttled or conflicted until the deadline of this call."""

    code = "store_busy"
    title = "Store busy"
    retry_after_seconds = 1


class ClusterUnavailable(Unavailable):
    """The Kubernetes API did not answer, or refused for now (429, 5xx)."""

    code = "cluster_unavailable"
    title = "Cluster unavailable"


class LostRace(ClonepoolError):
    """Somebody else is responsible now. Ends a worker quietly, never reaches a caller."""

    code = "lost_race"


class PodTaken(LostRace):
    """The pod is no longer warm, of another generation, unproven, or built from another template."""


class StaleRow(LostRace):
    """The row is gone, or not in the state, generation or lease that the update is for."""


class StaleObject(LostRace):
    """The cluster object is gone, or has another uid or generation."""


class CloneExists(LostRace):
    """A live clone with this id exists already."""

    def __init__(self, clone: Clone) -> None:
        super().__init__(f"clone {clone.clone_id} exists")
        self.clone = clone


class ImportFailed(ClonepoolError):
    """The import cannot succeed; `failure_code` becomes the clone's failure (e.g. source_unreachable)."""

    code = "import_failed"

    def __init__(self, failure_code: str, detail: str) -> None:
        super().__init__(detail)
        self.failure_code = failure_code
