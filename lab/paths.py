"""Where the lab keeps what it makes: one folder for its state, one cache for what is slow to make again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Paths:
    """All places under the lab's folder.

    Attributes:
        home: the lab's folder; everything it writes outside the cache lies below.
        cache: shared by all checkouts, safe to delete.
    """

    home: Path
    cache: Path

    @classmethod
    def from_environment(cls) -> Paths:
        """CLONEPOOL_LAB_DIR or `.lab` in the checkout; CLONEPOOL_CACHE or `clonepool` in the user's cache."""
        home = Path(os.environ.get("CLONEPOOL_LAB_DIR") or CHECKOUT / ".lab")
        xdg = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = Path(os.environ.get("CLONEPOOL_CACHE") or xdg / "clonepool")
        return cls(home.resolve(), cache.resolve())

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """What lives as long as the processes do: pid records, sockets, runtime state."""
        return self.home / "run"

    @property
    def data(self) -> Path:
        """The cluster's data: etcd, kubelet, address allocation. Gone after `down`."""
        return self.home / "data"

    @property
    def events(self) -> Path:
        """The functions' logs, and how far pipes have come."""
        return self.home / "events"

    @property
    def containerd(self) -> Path:
        """Images and snapshots; kept by `down`, so that the next `up` imports nothing again."""
        return self.home / "containerd"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.home / "pki"

    @property
    def conf(self) -> Path:
        """Generated configuration and kubeconfigs."""
        return self.home / "conf"

    @property
    def bin(self) -> Path:
        """The Kubernetes binary, unpacked."""
        return self.home / "bin"

    @property
    def socket(self) -> Path:
        """containerd's socket."""
        return self.run / "containerd.sock"

    def kubeconfig(self, user: str = "admin") -> Path:
        """The kubeconfig of a user of the cluster."""
        return self.conf / f"{user}.kubeconfig"

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.logs / f"{name}.log"

    def all_logs(self) -> dict[str, Path]:
        """Every log there is, those of single functions too, by name."""
        files = (*self.logs.glob("*.log"), *(self.events / "logs").glob("*.log"))
        return {file.stem: file for file in sorted(files)}

    def create(self) -> None:
        """Make the folders; only root may look inside, for the keys and what containers hold."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (
            self.logs,
            self.run,
            self.data,
            self.containerd,
            self.pki,
            self.conf,
            self.bin,
            self.cache,
        ):
            folder.mkdir(parents=True, exist_ok=True)
