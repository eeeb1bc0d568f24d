"""A docker daemon: the machine's if one answers, else one of our own, stopped afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.aws.service import minimal_environment, start
from lab.images.commands import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# No rules: containers reach this machine, and nothing beyond it. Ports are published by docker's proxy, which
# needs none, so that a running lab's network is left alone.
BRIDGE_ADDRESS = "172.31.255.1"
_NETWORK = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")
_NETWORK_BRIDGE = ("--bip", f"{BRIDGE_ADDRESS}/24")


@contextmanager
def docker(home: Path) -> Iterator[str]:
    """The address of a docker daemon, for DOCKER_HOST.

    Raises:
        ServiceError: the daemon did not start; the message has the end of its log.
    """
    if _answers({}):
        yield os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        return
    _install()
    home.mkdir(parents=True, exist_ok=True)
    address = f"unix://{home}/docker.sock"
    service = start(
        "docker",
        [
            *("dockerd", "--host", address, "--data-root", f"{home}/data", "--exec-root", f"{home}/run"),
            *("--pidfile", f"{home}/docker.pid", *_NETWORK, *_NETWORK_BRIDGE),
        ],
        url=address,
        log=home / "docker.log",
        answers=lambda: _answers({"DOCKER_HOST": address}),
        environment=minimal_environment(),
    )
    try:
        yield address
    finally:
        service.stop()
        run(["ip", "link", "delete", "docker0"])


def _install() -> None:
    if shutil.which("dockerd") is None:
        run(["apt-get", "update", "-q"])
        run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", "docker.io"],
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )


def _answers(environment: dict[str, str]) -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0
