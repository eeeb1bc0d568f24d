"""Settings: what the template sets is understood, and what is missing is named."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from clonepool.settings import ApiSettings, ClusterSettings, KeeperSettings, WorkerSettings
from tests.integration.handlers import ENVIRONMENT


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLONEPOOL_CPU_LIMIT", "")
    monkeypatch.setenv("CLONEPOOL_INGRESS_ANNOTATIONS", "")
    settings = WorkerSettings()
    assert settings.cpu_limit == "1"
    assert settings.ingress_annotations == {}


def test_ingress_annotations_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLONEPOOL_INGRESS_ANNOTATIONS", '{"a.b/c": "d"}')
    assert WorkerSettings().ingress_annotations == {"a.b/c": "d"}


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_annotations_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CLONEPOOL_INGRESS_ANNOTATIONS", text)
    with pytest.raises(ValidationError, match="ingress_annotations"):
        WorkerSettings()


def test_the_policy_is_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLONEPOOL_POOL_MIN", "3")
    monkeypatch.setenv("CLONEPOOL_POOL_MAX", "7")
    monkeypatch.setenv("CLONEPOOL_MAX_LIVE_CLONES", "9")
    policy = KeeperSettings().policy()
    assert (policy.min_warm, policy.max_warm, policy.max_live_clones_per_customer) == (3, 7, 9)
    assert policy.reuse == "any"


def test_a_table_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLONEPOOL_LEASES_TABLE")
    with pytest.raises(ValidationError, match="leases_table"):
        ApiSettings()


def test_a_cluster_that_is_missing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLONEPOOL_KUBECONFIG_FILE", "")
    with pytest.raises(ValidationError, match="CLONEPOOL_CLUSTER_ENDPOINT"):
        ClusterSettings()


def test_eks_needs_no_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLONEPOOL_KUBECONFIG_FILE", "")
    monkeypatch.setenv("CLONEPOOL_CLUSTER_NAME", "clones")
    monkeypatch.setenv("CLONEPOOL_CLUSTER_ENDPOINT", "https://eks.test")
    monkeypatch.setenv("CLONEPOOL_CLUSTER_CA", "Y2E=")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert ClusterSettings().region == "eu-central-1"
