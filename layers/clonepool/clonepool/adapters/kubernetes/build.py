"""The Cluster port from settings: EKS with a minted token, or whatever a kubeconfig says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes.client import KubernetesClient
from clonepool.adapters.kubernetes.cluster import KubernetesCluster, Place
from clonepool.adapters.kubernetes.eks_token import EksToken
from clonepool.adapters.kubernetes.endpoint import Endpoint, eks_endpoint, kubeconfig_endpoint
from clonepool.adapters.kubernetes.exec import Executor
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash

if TYPE_CHECKING:
    from clonepool.settings import ClusterSettings


def build_cluster(settings: ClusterSettings) -> KubernetesCluster:
    """Raises ClusterUnavailable if the kubeconfig cannot be used. Makes no call."""
    endpoint = _endpoint(settings)
    place = Place(
        namespace=settings.namespace,
        pool=settings.pool,
        domain=settings.domain,
        template=_template(settings),
        ingress_class=settings.ingress_class,
        ingress_annotations=settings.ingress_annotations,
    )
    return KubernetesCluster(KubernetesClient(endpoint), Executor(endpoint), place)


def template_hash_of(settings: ClusterSettings) -> str:
    """The hash of the pods that these settings make."""
    return template_hash(_template(settings))


def _template(settings: ClusterSettings) -> PodTemplate:
    return PodTemplate(
        wordpress_image=settings.wordpress_image,
        mysql_image=settings.mysql_image,
        cpu_request=settings.cpu_request,
        memory_request=settings.memory_request,
        cpu_limit=settings.cpu_limit,
        memory_limit=settings.memory_limit,
        pull_policy=settings.image_pull_policy,
        priority_class=settings.priority_class,
    )


def _endpoint(settings: ClusterSettings) -> Endpoint:
    if settings.kubeconfig_file:
        return kubeconfig_endpoint(settings.kubeconfig_file, settings.kubeconfig_context)
    from botocore.session import Session  # noqa: PLC0415  (not needed, so not loaded, with a kubeconfig)

    token = EksToken(settings.cluster_name, settings.region, Session(), time.monotonic)
    return eks_endpoint(settings.cluster_endpoint, settings.cluster_ca, token)
