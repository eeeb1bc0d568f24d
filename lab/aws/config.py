"""What `python -m lab.aws serve` is told: a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from lab.aws.invoker import LAB_RETRY_DELAYS_SECONDS
from lab.aws.template import STACK, TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path


class ConfigError(Exception):
    """The file cannot be used; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where things are and what differs from AWS.

    Attributes:
        state_dir: checkpoints of the pipes, queues, logs of the functions.
        dynamodb_url: DynamoDB with streams; the template's tables are made there.
        parameters: template parameters, as `sam deploy --parameter-overrides` takes them.
        environment: values for variables that the template declares, e.g. AWS_ENDPOINT_URL_DYNAMODB.
        concurrency: processes a function may have, by logical id.
        retry_delays_seconds: before the next attempts of an asynchronous invocation (AWS: 60, 120).
    """

    state_dir: Path
    dynamodb_url: str
    port: int
    host: str = "127.0.0.1"
    template: Path = TEMPLATE
    stack: str = STACK
    parameters: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    concurrency: dict[str, int] = field(default_factory=dict)
    retry_delays_seconds: tuple[float, ...] = LAB_RETRY_DELAYS_SECONDS

    @classmethod
    def read(cls, file: Path) -> Config:
        """Read the file; relative paths are relative to it.

        Raises:
            ConfigError: no JSON object, an unknown or a missing key.
        """
        try:
            values = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise ConfigError(f"{file}: cannot be read as JSON: {error}") from error
        if unknown := sorted(set(values) - {item.name for item in fields(cls)}):
            raise ConfigError(f"{file}: unknown {', '.join(unknown)}")
        if missing := sorted({"state_dir", "dynamodb_url", "port"} - set(values)):
            raise ConfigError(f"{file}: {', '.join(missing)} missing")
        return cls(**_typed(values, file.resolve().parent))


def _typed(values: dict[str, Any], base: Path) -> dict[str, Any]:
    typed = dict(values)
    for name in ("state_dir", "template"):
        if name in typed:
            typed[name] = base / typed[name]
    if "retry_delays_seconds" in typed:
        typed["retry_delays_seconds"] = tuple(map(float, typed["retry_delays_seconds"]))
    return typed
