"""Keys, certificates and kubeconfigs of the cluster: made once per folder, EC P-256, valid for ten years.

Three authorities: one for the cluster; one for etcd, so that a client of the cluster is none of its database;
one for the sites behind the ingress, so that whom pods trust on the web can vouch for nobody in the cluster.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.cluster import net

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

VALID = timedelta(days=3650)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
COMPLETE = "complete"
_COMMON_NAME_LENGTH = 64  # of X.509; clients look at the alternative names alone
CLUSTER_CA, ETCD_CA, WEB_CA = AUTHORITIES = ("ca", "etcd-ca", "web-ca")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate to make.

    Attributes:
        organisation: Kubernetes reads it as the user's group.
        names: DNS names and IP addresses it stands for.
    """

    name: str
    common_name: str
    organisation: str = ""
    names: tuple[str, ...] = ()
    usages: tuple[x509.ObjectIdentifier, ...] = (CLIENT,)
    authority: str = CLUSTER_CA


_API_NAMES = (
    *("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    *(f"kubernetes.default.svc.{net.CLUSTER_DOMAIN}", net.NODE_IP, "127.0.0.1", net.API_SERVICE_IP),
)
_NODE_USER, _NODES, _MASTERS = f"system:node:{net.NODE}", "system:nodes", "system:masters"
LEAVES = (
    Leaf(
        "etcd",
        "etcd",
        names=("localhost", "127.0.0.1", net.NODE_IP),
        usages=(SERVER, CLIENT),
        authority=ETCD_CA,
    ),
    Leaf("etcd-client", "kube-apiserver", authority=ETCD_CA),
    Leaf("apiserver", "kube-apiserver", names=_API_NAMES, usages=(SERVER,)),
    Leaf("apiserver-kubelet", "kube-apiserver-kubelet-client", _MASTERS),
    Leaf("kubelet-server", _NODE_USER, _NODES, (net.NODE, net.NODE_IP), (SERVER,)),
    Leaf(
        "ingress",
        "clonepool lab ingress",
        names=(f"*.{net.CLONE_DOMAIN}", f"*.{net.SOURCE_DOMAIN}"),
        usages=(SERVER,),
        authority=WEB_CA,
    ),
    Leaf("admin", "clonepool-lab-admin", _MASTERS),
    Leaf("controller-manager", "system:kube-controller-manager"),
    Leaf("scheduler", "system:kube-scheduler"),
    Leaf("kubelet", _NODE_USER, _NODES),
    Leaf("proxy", "system:kube-proxy"),
    Leaf("network", "clonepool-lab-network"),
    *(Leaf(name, f"clonepool-{name}", f"clonepool:{name}") for name in net.FUNCTIONS),
)
KUBECONFIGS = {
    **{name: (name,) for name in ("admin", "controller-manager", "scheduler", "kubelet", "proxy", "network")},
    "functions": net.FUNCTIONS,
}
"""The users of each file."""


def ensure(pki: Path, conf: Path) -> None:
    """Make what is missing. A set cut short by a crash is made anew: the mark is written last."""
    wanted = repr((LEAVES, KUBECONFIGS))
    mark = pki / COMPLETE
    if mark.exists() and mark.read_text() == wanted:
        return
    mark.unlink(missing_ok=True)
    for authority in AUTHORITIES:
        _make_authority(pki, authority)
    for leaf in LEAVES:
        _write_pair(pki, leaf.name, *_issue(pki, leaf))
    _make_service_account_keys(pki)
    for name, users in KUBECONFIGS.items():
        write_kubeconfig(pki, conf / f"{name}.kubeconfig", users)
    mark.write_text(wanted)


def site_certificate(pki: Path, host: str) -> dict[str, str]:
    """A certificate for a site behind the ingress, and its key, as a Secret for TLS holds them."""
    leaf = Leaf("site", host[:_COMMON_NAME_LENGTH], names=(host,), usages=(SERVER,), authority=WEB_CA)
    key, certificate = _issue(pki, leaf)
    return {"tls.crt": certificate.public_bytes(Encoding.PEM).decode(), "tls.key": _pem(key).decode()}


def write_kubeconfig(pki: Path, target: Path, users: Sequence[str]) -> None:
    """Write a kubeconfig (JSON is YAML) with the certificates inside."""
    credentials = {
        user: {
            "client-certificate-data": _encoded(pki / f"{user}.crt"),
            "client-key-data": _encoded(pki / f"{user}.key"),
        }
        for user in users
    }
    cluster = {"server": net.API_URL, "certificate-authority-data": _encoded(pki / f"{CLUSTER_CA}.crt")}
    write_secret(target, json.dumps(kubeconfig(cluster, credentials, net.NAMESPACE), indent=1).encode())


def kubeconfig(
    cluster: dict[str, str], credentials: Mapping[str, dict[str, str]], namespace: str
) -> dict[str, object]:
    """The content of a kubeconfig: one cluster, a context of each user's name; the last is current."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": user, "user": credential} for user, credential in credentials.items()],
        "contexts": [
            {"name": user, "context": {"cluster": "lab", "user": user, "namespace": namespace}}
            for user in credentials
        ],
        "current-context": list(credentials)[-1],
    }


def write_secret(target: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(content)


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def _make_authority(pki: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(f"clonepool lab {name}", "")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_pair(pki, name, key, certificate)


def _issue(pki: Path, leaf: Leaf) -> tuple[PrivateKeyTypes, x509.Certificate]:
    authority = x509.load_pem_x509_certificate((pki / f"{leaf.authority}.crt").read_bytes())
    authority_key = load_pem_private_key((pki / f"{leaf.authority}.key").read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{leaf.authority}.key is no EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _builder(_subject(leaf.common_name, leaf.organisation), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(leaf.usages), critical=False)
        .add_extension(identifier, critical=False)
    )
    if leaf.names:
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in leaf.names])
        builder = builder.add_extension(alternatives, critical=False)
    return key, builder.sign(authority_key, hashes.SHA256())


def _make_service_account_keys(pki: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_secret(
        pki / "sa.key", key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (pki / "sa.pub").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + VALID)
    )


def _subject(common_name: str, organisation: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_pair(pki: Path, name: str, key: PrivateKeyTypes, certificate: x509.Certificate) -> None:
    write_secret(pki / f"{name}.key", _pem(key))
    (pki / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
