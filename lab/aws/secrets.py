"""Secrets Manager and S3, played by moto's server: it keeps everything in memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lab.aws.service import Service, answers_http, minimal_environment, refuse_taken
from lab.aws.service import start as start_service

if TYPE_CHECKING:
    from pathlib import Path


def start(port: int, *, log: Path) -> Service:
    """Start the server on 127.0.0.1 and wait until it answers.

    Raises:
        ServiceError: the port is in use, or it did not start.
    """
    refuse_taken("Secrets Manager", port)
    url = f"http://127.0.0.1:{port}"
    return start_service(
        "Secrets Manager",
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        url=url,
        log=log,
        answers=lambda: answers_http(f"{url}/moto-api/data.json"),
        environment=minimal_environment(),
    )
