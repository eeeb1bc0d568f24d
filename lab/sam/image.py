"""The stand-in for Lambda's base image of Python 3.13: Debian trixie, which ships 3.13, and awslambdaric."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.images.apt import mirrors
from lab.images.commands import run

IMAGE = "local/lambda-python:3.13"
_BOOTSTRAP = Path(__file__).parent / "bootstrap.sh"
_SETTINGS = (
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "ENV LANG=C.UTF-8",
    "ENV PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
    "WORKDIR /var/task",
)


def ensure(docker_host: str) -> None:
    """Make the image unless it is there (half a minute).

    Raises:
        CommandFailed: a tool failed; the message has what it said.
    """
    environment = {"DOCKER_HOST": docker_host}
    if run(["docker", "images", "--quiet", IMAGE], env=environment).strip():
        return
    with tempfile.TemporaryDirectory() as scratch:
        runtime = Path(scratch) / "runtime"
        _runtime(runtime)
        _import(_root(Path(scratch), runtime), environment)


def _runtime(folder: Path) -> None:
    """What Lambda has in /var/runtime: the client of its Runtime API, and boto3."""
    platform = ("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28")
    run(["uv", "pip", "install", "--quiet", *platform, "--target", str(folder), "awslambdaric", "boto3"])
    bootstrap = folder / "bootstrap"
    bootstrap.write_bytes(_BOOTSTRAP.read_bytes())
    bootstrap.chmod(0o755)


def _root(scratch: Path, runtime: Path) -> Path:
    archive = scratch / "root.tar"
    at = mirrors()
    command = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--include=python3,ca-certificates",
    ]
    command += [
        f"--customize-hook=copy-in {runtime} /var",
        '--customize-hook=mkdir -p "$1/var/task" "$1/opt"',
    ]
    command += ['--customize-hook=rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale']
    run([*command, "trixie", str(archive), f"deb {at.debian} trixie main"])
    return archive


def _import(archive: Path, environment: dict[str, str]) -> None:
    changes = [part for setting in _SETTINGS for part in ("--change", setting)]
    run(["docker", "import", *changes, str(archive), IMAGE], env=environment)
