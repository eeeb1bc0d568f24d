"""Run a tool of the machine and say what it said when it fails."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAIL_LINES = 20


def run(
    *command: str,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = 600,
) -> str:
    """The standard output of a command.

    Raises:
        LabError: it is missing, failed or took too long; the message has the end of what it said.
    """
    try:
        done = subprocess.run(
            command,
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError:
        raise LabError(f"{command[0]} is not installed: run lab/setup.sh") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)}` did not end in {seconds:.0f} s") from None
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_TAIL_LINES:])
        raise LabError(f"`{' '.join(command)}` failed:\n{said}")
    return done.stdout


def attempt(*command: str) -> bool:
    """Run a command whose failure is an answer, not an error; that it is missing is a failure too."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
