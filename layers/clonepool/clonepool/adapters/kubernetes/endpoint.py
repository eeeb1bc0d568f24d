"""Where the Kubernetes API is, how its certificate is checked, and how we say who we are."""

from __future__ import annotations

import ssl
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


class Credentials(Protocol):
    """Says who we are."""

    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        """HTTP headers that authenticate; `renew` asks for fresh ones after a 401."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server: `url` without a trailing slash, and the TLS context that verifies it."""

    url: str
    tls: ssl.SSLContext | None
    credentials: Credentials


def verified(*, ca_file: str | None = None, ca_data: str | None = None) -> ssl.SSLContext:
    """A TLS context that checks chain and host name.

    Python 3.13 also demands an Authority Key Identifier (VERIFY_X509_STRICT), which the CA of an EKS cluster
    does not carry and RFC 5280 section 4.2.1.1 does not demand of a self-signed one
    (github.com/kubernetes-client/python/issues/2394).
    """
    context = ssl.create_default_context(cafile=ca_file, cadata=ca_data)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def eks_endpoint(url: str, ca_base64: str, credentials: Credentials) -> Endpoint:
    """The endpoint of an EKS cluster, from what DescribeCluster says."""
    ca = b64decode(ca_base64, validate=True).decode()
    return Endpoint(url.rstrip("/"), verified(ca_data=ca), credentials)


class _FromKubeconfig:
    """Whatever the kubeconfig's user has: a token, its plugin's token, or nothing beside the certificate."""

    def __init__(self, path: str, context: str) -> None:
        self._path = path
        self._context = context
        self._configuration = _load(path, context)

    @property
    def configuration(self) -> _Configuration:
        return self._configuration

    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        if renew:
            self._configuration = _load(self._path, self._context)
        value = self._configuration.get_api_key_with_prefix("authorization")
        return {"Authorization": value} if value else {}


def kubeconfig_endpoint(path: str, context: str = "") -> Endpoint:
    """A context of a kubeconfig (lab, kind, an operator's machine); without a name the current one.

    Raises:
        ClusterUnavailable: the file cannot be used, or asks to skip the check of the server's certificate.
    """
    credentials = _FromKubeconfig(path, context)
    configuration = credentials.configuration
    if not configuration.verify_ssl:
        raise ClusterUnavailable(f"{path} skips TLS verification; give it the cluster's CA instead")
    tls = None
    if configuration.host.startswith("https://"):
        tls = verified(ca_file=configuration.ssl_ca_cert)
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    return Endpoint(configuration.host.rstrip("/"), tls, credentials)


class _Configuration(Protocol):
    """The part of kubernetes.client.Configuration that is used here."""

    host: str
    verify_ssl: bool
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None

    def get_api_key_with_prefix(self, name: str) -> str | None: ...


def _load(path: str, context: str) -> _Configuration:
    """Imports the kubernetes package only here: it costs 1.4 s of CPU, which a function on EKS never pays."""
    from kubernetes import client, config  # noqa: PLC0415

    configuration: _Configuration = client.Configuration()
    try:
        config.load_kube_config(path, context=context or None, client_configuration=configuration)
    except config.ConfigException as error:
        raise ClusterUnavailable(f"{path} is no usable kubeconfig: {error}") from error
    return configuration
