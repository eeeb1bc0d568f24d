"""What the environment says, one typed model per function. Names: docs/architecture.md section 2."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from clonepool.domain.pool import PoolPolicy


def _annotations(value: Any) -> Any:
    """A JSON object as text; empty means none."""
    return json.loads(value or "{}") if isinstance(value, str) else value


Annotations = Annotated[dict[str, str], NoDecode, BeforeValidator(_annotations)]


class CommonSettings(BaseSettings):
    """What every function needs: the tables, the pool, the namespace of its pods."""

    model_config = SettingsConfigDict(
        env_prefix="CLONEPOOL_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    pods_table: str
    clones_table: str
    sources_table: str
    pools_table: str
    leases_table: str
    pool: str = "default"
    namespace: str = "wordpress-staging"


class ApiSettings(CommonSettings):
    """clone_api. `customer_claim` is the JWT claim that names the caller's customer_id."""

    domain: str
    lease_secret: str
    customer_claim: str = "customer_id"
    reports_bucket: str = ""


class ClusterSettings(CommonSettings):
    """Functions that use the cluster: either an EKS cluster with endpoint and CA, or a kubeconfig."""

    wordpress_image: str
    mysql_image: str
    cpu_request: str = "500m"
    memory_request: str = "512Mi"
    cpu_limit: str = "1"
    memory_limit: str = "1Gi"
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    priority_class: str = ""
    domain: str = ""
    ingress_class: str = ""
    ingress_annotations: Annotations = Field(default_factory=dict)
    cluster_name: str = ""
    cluster_endpoint: str = ""
    cluster_ca: str = ""
    kubeconfig_file: str = ""
    kubeconfig_context: str = ""
    region: str = Field(default="", validation_alias="AWS_REGION")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        eks = self.cluster_name and self.cluster_endpoint and self.cluster_ca and self.region
        if not self.kubeconfig_file and not eks:
            raise ValueError(
                "set CLONEPOOL_CLUSTER_NAME, CLONEPOOL_CLUSTER_ENDPOINT and CLONEPOOL_CLUSTER_CA "
                "(and AWS_REGION), or CLONEPOOL_KUBECONFIG_FILE"
            )
        return self


class WorkerSettings(ClusterSettings):
    """clone_worker, and the keeper that takes over from it."""

    domain: str
    lease_secret: str
    ingress_address: str = ""
    reports_bucket: str = ""
    resolver: str = ""
    allow_private_sources: bool = False


class KeeperSettings(WorkerSettings):
    """pool_keeper: also the policy, which it writes into the pool row."""

    pool_min: int = Field(default=1, ge=0)
    pool_max: int = Field(default=2, ge=0)
    pool_max_pods: int = Field(default=10, ge=1)
    warm_shards: int = Field(default=1, ge=1, le=16)
    reuse: Literal["any", "never"] = "any"
    max_reuse_count: int = Field(default=50, ge=0)
    max_pod_age_seconds: int = Field(default=24 * 3600, ge=60)
    create_seconds: int = Field(default=180, ge=10)
    reset_seconds: int = Field(default=150, ge=10)
    import_seconds: int = Field(default=900, ge=10)
    max_live_clones: int = Field(default=5, ge=1)
    on_suspicion: Literal["delete", "quarantine"] = "delete"
    max_quarantined: int = Field(default=2, ge=0)

    def policy(self) -> PoolPolicy:
        """The pool's policy as the operator set it."""
        return PoolPolicy(
            min_warm=self.pool_min,
            max_warm=self.pool_max,
            max_pods=self.pool_max_pods,
            warm_shards=self.warm_shards,
            reuse=self.reuse,
            max_reuse_count=self.max_reuse_count,
            max_pod_age_seconds=self.max_pod_age_seconds,
            create_seconds=self.create_seconds,
            reset_seconds=self.reset_seconds,
            import_seconds=self.import_seconds,
            max_live_clones_per_customer=self.max_live_clones,
            on_suspicion=self.on_suspicion,
            max_quarantined=self.max_quarantined,
        )
