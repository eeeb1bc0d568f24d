"""Endpoints: TLS is always verified, and a kubeconfig cannot change that."""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest

from clonepool.adapters.kubernetes.endpoint import eks_endpoint, kubeconfig_endpoint, verified
from clonepool.errors import ClusterUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

CA = Path(certifi.where()).read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"


class Nobody:
    def headers(self, *, renew: bool = False) -> Mapping[str, str]:
        return {}


def kubeconfig(folder: Path, cluster: str, user: str = "token: abc") -> str:
    path = folder / "config"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
        f"clusters: [{{name: c, cluster: {{server: 'https://api.test:6443', {cluster}}}}}]\n"
        f"users: [{{name: u, user: {{{user}}}}}]\n"
    )
    return str(path)


def test_chain_and_host_name_are_verified() -> None:
    context = verified(ca_data=CA)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT, "the CA of an EKS cluster has no key identifier"


def test_an_eks_cluster_is_verified_by_its_own_ca() -> None:
    endpoint = eks_endpoint("https://eks.test/", b64encode(CA.encode()).decode(), Nobody())
    assert endpoint.url == "https://eks.test"
    assert endpoint.tls is not None
    assert len(endpoint.tls.get_ca_certs()) == 1


def test_a_kubeconfig_with_a_token(tmp_path: Path) -> None:
    data = b64encode(CA.encode()).decode()
    endpoint = kubeconfig_endpoint(kubeconfig(tmp_path, f"certificate-authority-data: {data}"))
    assert endpoint.url == "https://api.test:6443"
    assert endpoint.credentials.headers() == {"Authorization": "Bearer abc"}
    assert endpoint.tls is not None
    assert endpoint.tls.verify_mode is ssl.CERT_REQUIRED


def test_a_function_uses_the_context_of_its_own(tmp_path: Path) -> None:
    path = Path(kubeconfig(tmp_path, f"certificate-authority-data: {b64encode(CA.encode()).decode()}"))
    text = path.read_text().replace(
        "contexts: [", "contexts: [{name: keeper, context: {cluster: c, user: k}}, "
    )
    path.write_text(text.replace("users: [", "users: [{name: k, user: {token: xyz}}, "))
    headers = kubeconfig_endpoint(str(path), "keeper").credentials.headers()
    assert headers == {"Authorization": "Bearer xyz"}
    with pytest.raises(ClusterUnavailable, match="no usable kubeconfig"):
        kubeconfig_endpoint(str(path), "worker")


def test_a_kubeconfig_that_skips_verification_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnavailable, match="skips TLS verification"):
        kubeconfig_endpoint(kubeconfig(tmp_path, "insecure-skip-tls-verify: true"))


def test_a_kubeconfig_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnavailable, match="no usable kubeconfig"):
        kubeconfig_endpoint(str(tmp_path / "none"))
