"""The EKS token, minted offline: a presigned STS GetCallerIdentity URL.

Format and lifetime: github.com/kubernetes-sigs/aws-iam-authenticator, "API Authorization from Outside a
Cluster".
"""

from __future__ import annotations

import threading
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Protocol

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.credentials import Credentials as AwsCredentials

PREFIX = "k8s-aws-v1."
RENEW_SECONDS = 600  # of the 900 the authenticator grants
_URL_SECONDS = 60


class AwsSession(Protocol):
    """The part of botocore's session that is used here."""

    def get_credentials(self) -> AwsCredentials | None: ...


class EksToken:
    """Bearer headers for one cluster; renewed at 10 of 15 minutes, and at once when asked."""

    def __init__(
        self, cluster_name: str, region: str, session: AwsSession, monotonic: Callable[[], float]
    ) -> None:
        self._cluster_name = cluster_name
        self._region = region
        self._session = session
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._minted_at = float("-inf")

    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        """`Authorization: Bearer ...` of a token with at least five minutes left."""
        with self._lock:
            if renew or self._monotonic() - self._minted_at >= RENEW_SECONDS:
                self._token = self._mint()
                self._minted_at = self._monotonic()
            return {"Authorization": f"Bearer {self._token}"}

    def _mint(self) -> str:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise RuntimeError("no AWS credentials to mint an EKS token with")
        request = AWSRequest(
            method="GET",
            url=f"https://sts.{self._region}.amazonaws.com/",
            params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
            headers={"x-k8s-aws-id": self._cluster_name},
        )
        frozen = credentials.get_frozen_credentials()
        SigV4QueryAuth(frozen, "sts", self._region, expires=_URL_SECONDS).add_auth(request)
        url = request.prepare().url
        return PREFIX + urlsafe_b64encode(url.encode()).decode().rstrip("=")
