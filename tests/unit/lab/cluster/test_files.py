"""Configuration files and command lines."""

import json
import tarfile
import tomllib
from pathlib import Path

from lab.cluster import cgroups, files, net, pki
from lab.cluster.components import components
from lab.cluster.images import pause_archive
from lab.paths import Paths

PATHS = Paths(Path("/some/.lab"), Path("/cache"))


def test_containerd_keeps_everything_in_the_labs_folder():
    config = tomllib.loads(files.containerd(PATHS))
    runtime = config["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["runc"]["options"]

    for place in (config["root"], config["state"], config["grpc"]["address"], runtime["Root"]):
        assert Path(place).is_relative_to(PATHS.home)


def test_containers_get_the_authority_of_the_labs_sites_and_no_other_difference():
    default = {
        "process": {"cwd": "/", "rlimits": [{"type": "RLIMIT_NOFILE"}]},
        "mounts": [{"destination": "/proc"}],
        "linux": {"maskedPaths": ["/proc/kcore"], "seccomp": {}},
    }
    config = tomllib.loads(files.containerd(PATHS))
    runc = config["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["runc"]
    assert runc["base_runtime_spec"] == f"{PATHS.conf}/{files.RUNTIME_SPEC}"

    spec = json.loads(files.runtime_spec(PATHS, default))

    (authority,) = [mount for mount in spec["mounts"] if mount not in default["mounts"]]
    assert authority["source"] == f"{PATHS.pki}/{pki.WEB_CA}.crt"
    assert "ro" in authority["options"]
    assert (spec["process"], spec["linux"]) == ({"cwd": "/"}, {"maskedPaths": ["/proc/kcore"]})


def test_machines_that_forbid_lower_oom_scores_can_run_pods():
    config = tomllib.loads(files.containerd(PATHS))

    assert config["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True


def test_the_kubelet_takes_both_cgroup_versions_and_limits_processes():
    config = json.loads(files.kubelet(PATHS))

    assert config["failCgroupV1"] is False
    assert config["podPidsLimit"] > 0
    assert config["clusterDNS"] == [net.NODE_IP]


def test_etcd_trusts_an_authority_of_its_own():
    command = components(PATHS, "labkube")["etcd"].command

    assert f"--trusted-ca-file={PATHS.pki}/etcd-ca.crt" in command


def test_the_api_server_knows_nobody_without_a_credential():
    command = components(PATHS, "labkube")["apiserver"].command

    assert "--anonymous-auth=false" in command
    assert "--authorization-mode=Node,RBAC" in command


def test_only_what_mounts_lives_in_the_mount_namespace():
    assert {c.name for c in components(PATHS, "labkube").values() if c.mounts} == {"containerd", "kubelet"}


def test_cgroup_hierarchies_of_both_versions_are_found():
    v1 = "cgroup /sys/fs/cgroup/memory cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"

    assert cgroups.roots(v1) == [Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/unified")]
    assert cgroups.roots(v2) == [Path("/sys/fs/cgroup")]


def test_the_pause_image_is_the_same_for_the_same_program(tmp_path):
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    first = pause_archive(program, tmp_path / "1.tar")
    second = pause_archive(program, tmp_path / "2.tar")

    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mtime_ns == second.stat().st_mtime_ns
    with tarfile.open(first) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert manifest[0]["RepoTags"] == [net.PAUSE_IMAGE]
