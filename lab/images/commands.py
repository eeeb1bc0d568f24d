"""Run a tool of the machine, quietly, and tell what it said if it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

from lab.errors import LabError

_TAIL = 40


class CommandFailed(LabError):
    """A tool ended with an error, or is not installed; the message holds the end of what it said."""


def run(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run `command` and return its standard output.

    Args:
        command: program and arguments.
        cwd: where to run it; here if not given.
        env: variables to set beside this process's own.

    Raises:
        CommandFailed: it is missing or did not exit with 0.
    """
    if shutil.which(command[0]) is None:
        raise CommandFailed(f"{command[0]} is not installed: run `make lab-up`, which installs what it needs")
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL:])
        raise CommandFailed(f"{command[0]} failed with status {done.returncode}:\n{said}")
    return done.stdout
