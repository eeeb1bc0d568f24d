"""A pod that no template of the pool would make, for the checks that nothing inside a pod can set off.

Its containers are the image's, with a seccomp profile that refuses nothing, with a volume that no restore
empties, and with a PID 1 of its own, which has called the API server, and says that it killed everything
a moment ago although what it calls its server is older. The verifier is asked in there as in any pod.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.leak.places import DATABASE, SITE
from lab.client import wait_until
from lab.errors import LabError

if TYPE_CHECKING:
    from bench.leak.installation import Installation

NAMESPACE = "leak-test-unfit"
NAME = "unfit"
EXPECTED = {
    "wordpress.keyrings": "is not refused",
    "wordpress.mounts": "writable /leak",
    "wordpress.caches": "older than the reset",
    "wordpress.peers": "of another host",
    "mysql.keyrings": "is not refused",
    "mysql.mounts": "writable /leak",
    "mysql.caches": "older than the reset",
}
"""By check, words of the finding that it has to report."""

# Perl is in both images. The child is older than the alleged kill; the answers are those of report.Testimony.
_PID_1 = r"""
use Socket; $SIG{CHLD} = q(IGNORE);
my $old = fork; if (!$old) { sleep 3600; exit }
socket(my $out, AF_INET, SOCK_STREAM, 0);
connect($out, sockaddr_in($ENV{KUBERNETES_SERVICE_PORT}, inet_aton($ENV{KUBERNETES_SERVICE_HOST})));
sleep 1;
open(my $up, q(<), q(/proc/uptime)); my ($since) = split q( ), <$up>;
my @t = gmtime; my $at = sprintf(q(%d-%02d-%02dT%02d:%02d:%02dZ), $t[5]+1900, $t[4]+1, @t[3,2,1,0]);
my $body = sprintf(q({"generation":1,"settled":true,"killed_at":"%s","restored_at":"%s","started_at":"%s",)
    . q("killed_since_boot_ns":%d,"server_pid":%d,"role":"%s","checks":{}}),
    $at, $at, $at, $since * 1e9, $old, $ARGV[0]);
socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un(q(/run/clone/agent.sock))); listen($s, 9);
while (accept(my $c, $s)) { my $asked = <$c>; syswrite($c, qq({"body":$body}\n)); close $c }
"""


def checks_fired(installation: Installation) -> list[str]:
    """Those of the expected checks that report in such a pod what they are expected to find."""
    like = installation.objects("pods")[0]
    installation.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    try:
        installation.apply(_pod(like))
        reports = {name: _verified(installation, name) for name in (SITE, DATABASE)}
    finally:
        installation.delete_namespace(NAMESPACE)
    return sorted(check for check, words in EXPECTED.items() if _finds(reports, check, words))


def _finds(reports: dict[str, dict[str, Any]], check: str, words: str) -> bool:
    container, _, name = check.partition(".")
    return any(words in finding for finding in reports[container]["checks"][name]["findings"])


def _verified(installation: Installation, container: str) -> dict[str, Any]:
    script = "/usr/local/bin/clone-agent verify --generation 1; true"

    def look() -> dict[str, Any] | None:
        try:
            said = installation.shell(NAME, container, script, namespace=NAMESPACE)
            report: dict[str, Any] = json.loads(said)
        except (LabError, ValueError):
            return None  # it is starting
        return report if report.get("checks") else None

    return wait_until(f"the verifier in {container} of {NAME}", look, seconds=90)


def _pod(like: dict[str, Any]) -> dict[str, Any]:
    spec = like["spec"]
    containers = [_container(one) for one in spec["containers"]]
    mounts = {mount["name"] for one in containers for mount in one["volumeMounts"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {**spec.get("securityContext", {}), "seccompProfile": {"type": "Unconfined"}},
            "containers": containers,
            "volumes": [{"name": name, "emptyDir": {}} for name in sorted(mounts)],
        },
    }


def _container(like: dict[str, Any]) -> dict[str, Any]:
    security = {
        key: value for key, value in like.get("securityContext", {}).items() if key != "seccompProfile"
    }
    kept = [{"name": mount["name"], "mountPath": mount["mountPath"]} for mount in like["volumeMounts"]]
    return {
        "name": like["name"],
        "image": like["image"],
        "imagePullPolicy": like["imagePullPolicy"],
        "command": ["perl", "-e", _PID_1, like["name"]],
        "securityContext": security,
        "volumeMounts": [*kept, {"name": "leak", "mountPath": "/leak"}],
    }
