"""What infra/kubernetes promises: who may do what, and what the network lets through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from clonepool.domain.pods import STATUS_LABEL, PodState
from lab.cluster import net

BASE = Path(__file__).parents[2] / "infra" / "kubernetes" / "base"

type Json = dict[str, Any]


def objects(kind: str) -> dict[str, Json]:
    found = [one for file in BASE.glob("*.yaml") for one in yaml.safe_load_all(file.read_text())]
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def rights(function: str) -> set[str]:
    """Such as `patch pods`."""
    rules = objects("Role")[f"clonepool-{function}"]["rules"]
    return {
        f"{verb} {resource}" for rule in rules for resource in rule["resources"] for verb in rule["verbs"]
    }


def test_every_object_is_part_of_the_whole() -> None:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(file.name for file in BASE.glob("*.yaml") if file.stem != "kustomization")


@pytest.mark.parametrize("function", net.FUNCTIONS)
def test_a_group_has_the_role_of_its_function_and_no_other(function: str) -> None:
    bindings = objects("RoleBinding").values()
    mine = [one for one in bindings if one["subjects"][0]["name"] == f"clonepool:{function}"]
    assert [one["roleRef"]["name"] for one in mine] == [f"clonepool-{function}"]
    assert not objects("ClusterRole")


def test_rights_are_the_least() -> None:
    worker, giving_back, keeper = (rights(function) for function in net.FUNCTIONS)
    assert worker | giving_back <= keeper
    assert not [right for right in worker if right.endswith((" secrets",))]
    assert not {"create pods", "delete pods", "list pods"} & worker
    assert not [right for right in giving_back if right.startswith("create") and right != "create pods/exec"]
    everything = {verb for function in net.FUNCTIONS for verb in rights(function)}
    assert not [right for right in everything if "*" in right or right.startswith(("update", "deletecoll"))]


def policy(name: str) -> Json:
    spec: Json = objects("NetworkPolicy")[name]["spec"]
    return spec


def test_every_pod_of_the_namespace_is_closed() -> None:
    assert policy("closed") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_a_leased_pod_is_called_and_nobody_is_let_out() -> None:
    leased = {STATUS_LABEL[PodState.ASSIGNED], STATUS_LABEL[PodState.READY]}
    for name in objects("NetworkPolicy").keys() - {"closed"}:
        spec = policy(name)
        selector = spec["podSelector"]
        chosen = {selector["matchLabels"].get("pool-status")} - {None}
        for expression in selector.get("matchExpressions", []):
            assert (expression["key"], expression["operator"]) == ("pool-status", "In")
            chosen |= set(expression["values"])
        assert chosen
        assert chosen <= leased
        assert spec["policyTypes"] == ["Ingress"]
        for rule in spec["ingress"]:
            assert rule["ports"] == [{"protocol": "TCP", "port": 80}]
            assert [set(peer) for peer in rule["from"]] == [{"namespaceSelector"}]


def test_the_namespace_enforces_the_restricted_standard() -> None:
    labels = objects("Namespace")[net.NAMESPACE]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
