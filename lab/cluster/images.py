"""Images into containerd, without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any, Protocol

from lab.cluster import net
from lab.cluster.commands import run
from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lab.paths import Paths

_PAUSE_USER = "65535:65535"


class Image(Protocol):
    """What a build hands over: a reference and the docker-archive that holds it."""

    @property
    def ref(self) -> str: ...
    @property
    def tar(self) -> Path: ...


class Containerd:
    """containerd's own command line tool on the lab's socket, in the namespace of Kubernetes."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def ctr(self, *arguments: str) -> str:
        """Run `ctr`. Raises LabError."""
        return run("ctr", "--address", str(self._paths.socket), "--namespace", "k8s.io", *arguments)

    def load(self, ref: str, archive: Path) -> bool:
        """Import an archive unless this very one is here; says whether it had to."""
        stamp = _stamp(archive)
        record = self._paths.containerd / "imported.json"
        known: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
        if known.get(ref) == stamp and ref in self.references():
            return False
        self.ctr("images", "import", str(archive))
        record.write_text(json.dumps({**known, ref: stamp}, indent=1))
        return True

    def prune(self, current: Iterable[str]) -> None:
        """Remove other tags of the current images' repositories: each may be 0.5 GB."""
        kept = set(current)
        repositories = {ref.rpartition(":")[0] for ref in kept}
        for ref in self.references() - kept:
            if ref.rpartition(":")[0] in repositories:
                self.ctr("images", "remove", ref)

    def references(self) -> set[str]:
        """All image references."""
        return set(self.ctr("images", "list", "--quiet").split())

    def remove_containers(self) -> bool:
        """Forget all containers and snapshots of a cluster that is no more; says whether there were any."""
        had = remaining = self._containers()
        for last in (False, False, True):
            try:
                if remaining:
                    self.ctr("containers", "remove", *remaining)
            except LabError:  # a task may end between two looks of ctr's own
                if last:
                    raise
            remaining = self._containers()
        return bool(had)

    def _containers(self) -> list[str]:
        return self.ctr("containers", "list", "--quiet").split()


def pause_archive(program: Path, target: Path) -> Path:
    """Write the pause image as a docker-archive: one static program, nothing else."""
    layer = _tar({"pause": program.read_bytes()}, mode=0o755)
    layer_id = hashlib.sha256(layer).hexdigest()
    config = _json(
        {
            "architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"),
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": _PAUSE_USER},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_id}"]},
        }
    )
    config_name, layer_name = f"{hashlib.sha256(config).hexdigest()}.json", f"{layer_id}/layer.tar"
    manifest = _json([{"Config": config_name, "RepoTags": [net.PAUSE_IMAGE], "Layers": [layer_name]}])
    target.write_bytes(_tar({config_name: config, "manifest.json": manifest, layer_name: layer}, mode=0o644))
    os.utime(target, ns=(0, program.stat().st_mtime_ns))  # the same program gives the same stamp
    return target


def _stamp(archive: Path) -> str:
    status = archive.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
