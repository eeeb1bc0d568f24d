"""The objects of a pod: what design section 5 demands of them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from clonepool.adapters.kubernetes import manifests, podspec
from clonepool.adapters.kubernetes.manifests import Identity, Route
from clonepool.adapters.kubernetes.podspec import PodTemplate, template_hash
from clonepool.adapters.kubernetes.quantities import byte_count, millicores
from clonepool.domain.pods import PodState
from clonepool.domain.reach import Destination, Reach

TEMPLATE = PodTemplate("registry/wordpress@sha256:1", "registry/mysql@sha256:2")
IDENTITY = Identity("wp-1", "default", 3)
POD = podspec.pod(IDENTITY, TEMPLATE)
SPEC = POD["spec"]
REACH = Reach(
    Destination("shop.example.com", ("93.184.215.14", "2606:2800:21f::1"), (443,)),
    (Destination("api.example.net", ("93.184.216.34",), (80, 443)),),
)
ROUTE = Route("shop--test", "shop--test.clones.test", "wp-1", "uid-1", "default", 3)


def container(name: str) -> dict[str, Any]:
    return next(one for one in SPEC["containers"] if one["name"] == name)


def volume(name: str) -> dict[str, Any]:
    return next(one for one in SPEC["volumes"] if one["name"] == name)


def test_the_pod_satisfies_the_restricted_standard() -> None:
    """kubernetes.io/docs/concepts/security/pod-security-standards, control by control."""
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"} & SPEC.keys()
    assert SPEC["securityContext"]["runAsNonRoot"] is True
    assert SPEC["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert [s["name"] for s in SPEC["securityContext"]["sysctls"]] == ["net.ipv4.ip_unprivileged_port_start"]
    assert all(one.keys() <= {"name", "secret", "emptyDir"} for one in SPEC["volumes"])
    for one in SPEC["containers"]:
        context = one["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["runAsUser"] > 0
        assert context["readOnlyRootFilesystem"] is True
        assert all("hostPort" not in port for port in one.get("ports", []))


def test_nothing_of_the_cluster_is_given_to_the_pod() -> None:
    assert SPEC["automountServiceAccountToken"] is False
    assert SPEC["enableServiceLinks"] is False


def test_a_pod_asks_no_name_server() -> None:
    assert SPEC["dnsPolicy"] == "None"
    assert SPEC["dnsConfig"] == {"nameservers": ["127.0.0.1"]}


def test_a_used_pod_is_not_stopped_politely() -> None:
    assert SPEC["terminationGracePeriodSeconds"] == 0
    assert SPEC["restartPolicy"] == "Always"


def test_only_mysql_sees_the_root_password() -> None:
    keys = {
        name: {item["key"] for item in volume(f"{name}-credentials")["secret"]["items"]}
        for name in ("wordpress", "mysql")
    }
    assert keys == {
        "wordpress": {"generation", "db-password"},
        "mysql": {"generation", "db-password", "root-password"},
    }
    assert not any("env" in one and any("valueFrom" in v for v in one["env"]) for one in SPEC["containers"])


def test_the_secret_is_mounted_whole_so_that_it_updates() -> None:
    for name in ("wordpress", "mysql"):
        mount = next(m for m in container(name)["volumeMounts"] if m["mountPath"] == "/etc/clone")
        assert mount["readOnly"] is True
        assert "subPath" not in mount


def test_no_volume_is_shared_and_each_has_a_limit() -> None:
    mounted = [{m["name"] for m in container(name)["volumeMounts"]} for name in ("wordpress", "mysql")]
    assert not mounted[0] & mounted[1]
    disks = {one["name"]: one["emptyDir"] for one in SPEC["volumes"] if "emptyDir" in one}
    assert all("sizeLimit" in disk for disk in disks.values())
    memory = {name for name, disk in disks.items() if disk.get("medium") == "Memory"}
    assert memory == {"wordpress-tmp", "wordpress-run", "mysql-tmp", "mysql-run"}


def test_the_pod_as_a_whole_has_the_resources_of_the_template() -> None:
    def total(kind: str, what: str, unit: Any) -> int:
        return sum(unit(one["resources"][kind][what]) for one in SPEC["containers"])

    assert total("requests", "cpu", millicores) == 500
    assert SPEC["resources"] == {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}
    assert all(one["resources"]["limits"]["cpu"] == "1" for one in SPEC["containers"])
    assert total("requests", "memory", byte_count) == 512 * 2**20
    assert total("limits", "memory", byte_count) == 2**30
    for one, disk in (("wordpress", TEMPLATE.docroot_size), ("mysql", TEMPLATE.datadir_size)):
        assert byte_count(container(one)["resources"]["limits"]["ephemeral-storage"]) > byte_count(disk)


def test_probes_are_frequent_only_until_the_first_success() -> None:
    for name in ("wordpress", "mysql"):
        assert container(name)["startupProbe"]["periodSeconds"] == 1
        assert container(name)["readinessProbe"]["periodSeconds"] == 15
        assert "livenessProbe" not in container(name)
    assert container("wordpress")["readinessProbe"]["httpGet"]["path"] == "/clone-health.txt"


def test_labels_say_who_and_what() -> None:
    assert POD["metadata"]["labels"] == {
        "app": "wordpress-clone",
        "pool-type": "warm",
        "pool": "default",
        "pod-name": "wp-1",
        "generation": "3",
        "pool-status": "creating",
    }


@pytest.mark.parametrize(
    ("state", "kept"), [(PodState.WARM, False), (PodState.ASSIGNED, True), (PodState.READY, True)]
)
def test_autoscalers_keep_off_leased_pods(state: PodState, kept: bool) -> None:
    annotations = manifests.state_annotations(state)
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == str(not kept).lower()
    assert annotations["karpenter.sh/do-not-disrupt"] == str(kept).lower()


def test_the_hash_is_of_the_template_and_of_nothing_else() -> None:
    assert template_hash(TEMPLATE) == template_hash(replace(TEMPLATE))
    assert len(template_hash(TEMPLATE)) == 64
    assert POD["metadata"]["annotations"]["clonepool.io/template"] == template_hash(TEMPLATE)


@pytest.mark.parametrize("name", [field.name for field in fields(PodTemplate)])
def test_every_field_of_the_template_is_in_the_hash(name: str) -> None:
    other = {"cpu_request": "100m", "cpu_limit": "2", "pull_policy": "Always"}.get(name, "3Gi")
    assert template_hash(replace(TEMPLATE, **{name: other})) != template_hash(TEMPLATE)


def test_routes_select_one_generation_of_one_pod_whatever_its_probes_say() -> None:
    service = manifests.service(ROUTE)
    assert service["metadata"]["name"] == "shop--test"
    assert service["spec"]["selector"] == {"app": "wordpress-clone", "pod-name": "wp-1", "generation": "3"}
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["metadata"]["labels"]["clone-id"] == "shop--test"


def test_the_ingress_serves_the_public_host() -> None:
    ingress = manifests.ingress(replace(ROUTE, ingress_class="traefik", ingress_annotations={"a": "b"}))
    assert ingress["spec"]["rules"][0]["host"] == "shop--test.clones.test"
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert ingress["metadata"]["annotations"] == {"a": "b"}
    assert "ingressClassName" not in manifests.ingress(ROUTE)["spec"]


def test_routes_go_with_their_pod() -> None:
    for made in (manifests.service(ROUTE), manifests.ingress(ROUTE)):
        assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-1"


def test_an_opening_is_for_one_leased_generation_and_its_destinations_only() -> None:
    policy = manifests.network_policy(IDENTITY, "uid-1", REACH)
    assert policy["metadata"]["name"] == "wp-1-3"
    assert policy["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    assert policy["spec"]["podSelector"] == {
        "matchLabels": {"app": "wordpress-clone", "pod-name": "wp-1", "generation": "3"},
        "matchExpressions": [{"key": "pool-status", "operator": "In", "values": ["assigned", "serving"]}],
    }
    assert policy["spec"]["policyTypes"] == ["Egress"]
    assert policy["spec"]["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "93.184.215.14/32"}}, {"ipBlock": {"cidr": "2606:2800:21f::1/128"}}],
            "ports": [{"protocol": "TCP", "port": 443}],
        },
        {
            "to": [{"ipBlock": {"cidr": "93.184.216.34/32"}}],
            "ports": [{"protocol": "TCP", "port": 80}, {"protocol": "TCP", "port": 443}],
        },
    ]


def test_an_opening_says_what_it_opens() -> None:
    assert manifests.reach_of(manifests.network_policy(IDENTITY, "uid-1", REACH)) == REACH


@pytest.mark.parametrize("text", ["", "1GB", "-1", "1 Gi", "half"])
def test_a_quantity_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        byte_count(text)
    with pytest.raises(ValueError, match="write"):
        millicores(text)
