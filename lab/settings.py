"""What the lab tells the template, and how a user changes that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lab.cluster import net
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.paths import Paths

# 100m a pod: requests decide where pods fit, and a dozen clones must fit on two cores.
_OWN_CLUSTER = {
    "IngressAddress": net.INGRESS,
    "Domain": net.CLONE_DOMAIN,
    "Resolver": net.NODE_IP,
    "ImagePullPolicy": "IfNotPresent",
    "CpuRequest": "100m",
}


def parameters(
    paths: Paths, images: dict[str, str], overrides: dict[str, str], *, own_cluster: bool
) -> dict[str, str]:
    """Template parameters by name.

    Args:
        images: reference of `wordpress-clone` and `mysql-clone`.
        overrides: win over everything else.
        own_cluster: the lab's own, or one named by KUBE_CONTEXT.
    """
    cluster = _OWN_CLUSTER if own_cluster else _external()
    return {
        "RetainData": "Delete",
        "KubeconfigFile": str(paths.kubeconfig("functions")),
        "WordpressImage": images["wordpress-clone"],
        "MysqlImage": images["mysql-clone"],
        "IngressClass": "clonepool",
        "AllowPrivateSources": "true",
        **cluster,
        **overrides,
    }


def overrides(arguments: Iterable[str]) -> dict[str, str]:
    """`Name=value` pairs: those of CLONEPOOL_LAB_SET (separated by blanks), then the arguments.

    Raises:
        LabError: one is no pair.
    """
    pairs = {}
    for text in (*os.environ.get("CLONEPOOL_LAB_SET", "").split(), *arguments):
        name, equals, value = text.partition("=")
        if not equals or not name.isalnum():
            raise LabError(f"{text!r} is no Name=value of a template parameter, like PoolMin=2")
        pairs[name] = value
    return pairs


def _external() -> dict[str, str]:
    """CLONEPOOL_INGRESS (`host:port`), CLONEPOOL_RESOLVER (where DNS does not lead), CLONEPOOL_DOMAIN."""
    return {
        "IngressAddress": os.environ.get("CLONEPOOL_INGRESS", ""),
        "Domain": os.environ.get("CLONEPOOL_DOMAIN", net.CLONE_DOMAIN),
        "Resolver": os.environ.get("CLONEPOOL_RESOLVER", ""),
    }
