"""Secrets Manager and S3, played by moto's server: it keeps everything in memory.

Secrets that the template generates are made in it as CloudFormation would.
"""

from __future__ import annotations

import secrets
import string
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import boto3

from lab.aws.intrinsics import REGION
from lab.aws.service import Service, answers_http, minimal_environment, refuse_taken
from lab.aws.service import start as start_service

if TYPE_CHECKING:
    from pathlib import Path

    from lab.aws.template import Template

GENERATED = "AWS::SecretsManager::Secret"
_LETTERS = string.ascii_letters + string.digits


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


def generate(url: str, template: Template) -> None:
    """Make every secret of the template with a random value of its own; one that exists keeps its value."""
    client = boto3.Session("lab", "lab", region_name=REGION).client("secretsmanager", endpoint_url=url)
    for secret in template.of_type(GENERATED):
        length = int(secret.properties["GenerateSecretString"]["PasswordLength"])
        value = "".join(secrets.choice(_LETTERS) for _ in range(length))
        with suppress(client.exceptions.ResourceExistsException):
            client.create_secret(Name=secret.name, SecretString=value)
