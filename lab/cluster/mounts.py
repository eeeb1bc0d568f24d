"""A mount namespace for containerd, its shims and the kubelet.

All they mount (snapshots, tmpfs volumes, network namespaces) exists in it only and ends with its last
process: nothing is left to unmount, whatever was killed. Folders fixed in their code are private ones in it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cluster.commands import attempt
from lab.errors import LabError

if TYPE_CHECKING:
    from lab.paths import Paths
    from lab.process import Registry

ANCHOR = "mounts"
# containerd's shim sockets; CNI's result cache; the kubelet's plugin sockets and links to logs
FIXED = ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")
_SCRIPT = """
set -eu
for folder in "$@"; do mount -t tmpfs -o mode=0700 clonepool "$folder"; done
exec sleep infinity
"""


def set_up(paths: Paths, registry: Registry) -> int:
    """Start the process that holds the namespace open; returns its id."""
    made = [folder for folder in FIXED if not Path(folder).exists()]
    (paths.run / "made-folders").write_text("\n".join(made))
    for folder in made:
        Path(folder).mkdir(mode=0o700, parents=True)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sh", *FIXED]
    process = registry.start(ANCHOR, command)
    while process.alive and not _ready(process.pid):
        pass
    if not process.alive:
        raise LabError(
            f"no mount namespace: {paths.log(ANCHOR).read_text()[-300:]}\nThe lab needs root with SYS_ADMIN."
        )
    return process.pid


def take_down(paths: Paths) -> None:
    """Remove the mount points that `set_up` had to make, if nobody else uses them now.

    What somebody mounted below the lab's folder goes, too: folders could not be removed under it.
    """
    for point in leftovers(paths):
        attempt("umount", "--lazy", point)
    record = paths.run / "made-folders"
    with contextlib.suppress(OSError):
        for folder in record.read_text().split():
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        record.unlink()


def leftovers(paths: Paths) -> list[str]:
    """Mounts below the lab's folder that the rest of the machine sees; buildah's are not the cluster's."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    points = [line.split()[1] for line in mounts]
    return [
        point
        for point in points
        if point.startswith((f"{paths.run}/", f"{paths.data}/", f"{paths.containerd}/"))
    ]


def _ready(pid: int) -> bool:
    return attempt("nsenter", f"--mount=/proc/{pid}/ns/mnt", "--", "mountpoint", "-q", FIXED[-1])
