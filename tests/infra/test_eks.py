"""What the cluster's template promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from lab.aws.intrinsics import load_yaml

INFRA = Path(__file__).parents[2] / "infra"
CLUSTER = load_yaml((INFRA / "eks" / "cluster.yaml").read_text())
RESOURCES = CLUSTER["Resources"]


def addons(template: str) -> set[str]:
    found = load_yaml((INFRA / "eks" / template).read_text())["Resources"].values()
    return {one["Properties"]["AddonName"] for one in found if one["Type"] == "AWS::EKS::Addon"}


def policies() -> list[dict[str, Any]]:
    text = (INFRA / "kubernetes" / "eks" / "network-policies.yaml").read_text()
    return [one for one in yaml.safe_load_all(text) if one["kind"] == "NetworkPolicy"]


def test_policies_are_enforced_from_a_pods_first_packet_on() -> None:
    assert CLUSTER["Parameters"]["NetworkPolicyMode"]["Default"] == "strict"
    values = RESOURCES["NetworkAddon"]["Properties"]["ConfigurationValues"]["Fn::Sub"]
    assert json.loads(values) == {
        "enableNetworkPolicy": "true",
        "env": {"NETWORK_POLICY_ENFORCING_MODE": "${NetworkPolicyMode}"},
    }
    assert "NetworkAddon" in RESOURCES["Nodes"]["DependsOn"]


def test_what_strict_mode_would_cut_off_has_its_policy_first() -> None:
    """CoreDNS cannot become healthy without one, so its add-on does not belong into the cluster's stack."""
    assert "coredns" not in addons("cluster.yaml")
    assert addons("dns.yaml") == {"coredns"}
    assert {policy["metadata"]["namespace"] for policy in policies()} == {"kube-system", "traefik"}
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies())


def test_the_nodes_limit_the_processes_of_a_pod_and_hide_their_metadata() -> None:
    data = RESOURCES["NodeTemplate"]["Properties"]["LaunchTemplateData"]
    parts = data["UserData"]["Fn::Base64"]["Fn::Sub"].split("--//")
    config = yaml.safe_load(parts[1].split("\n\n", 1)[1].replace("${PodPidsLimit}", "512"))
    assert config["spec"]["kubelet"]["config"] == {"podPidsLimit": 512}
    assert CLUSTER["Parameters"]["PodPidsLimit"]["Default"] == 512
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
