"""What the template says about each function, and the environment its processes get."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.aws.intrinsics import REGION, TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lab.aws.template import Resource, Template

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
# Processes a function may have here: one that answers a caller needs few, one that waits for a cluster more.
QUICK_SECONDS = 30
QUICK_CONCURRENCY = 4
SLOW_CONCURRENCY = 16
_INHERITED = ("PATH", "HOME", "LANG")


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function as deployed.

    Attributes:
        logical_id: its name in the template, also how the lab calls it.
        timeout_seconds: a longer run is killed.
        environment: exactly the template's variables, with the lab's values for those that it declares.
        python_path: folders of the layers that hold code.
        retries, max_event_age_seconds, on_failure: what follows a failed asynchronous invocation;
            `on_failure` is the ARN of a queue.
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    code: Path
    timeout_seconds: float
    memory_mb: int
    concurrency: int
    environment: dict[str, str]
    python_path: tuple[Path, ...]
    retries: int = 2
    max_event_age_seconds: int = 21600
    on_failure: str | None = None

    def process_environment(self, runtime_api: str) -> dict[str, str]:
        """All variables of a process of this function: Lambda's, the template's, and PATH, HOME, LANG."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        own = [str(self.code), *(str(folder) for folder in self.python_path)]
        return {"LANG": "C.UTF-8", **inherited, **self._reserved(runtime_api, own), **self.environment}

    def _reserved(self, runtime_api: str, python_path: list[str]) -> dict[str, str]:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "lab",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "lab",
            "AWS_SECRET_ACCESS_KEY": "lab",
            "LAMBDA_TASK_ROOT": str(self.code),
            "PYTHONPATH": os.pathsep.join(python_path),
            "TZ": ":UTC",
            "_HANDLER": self.handler,
        }


def function_specs(
    template: Template,
    environment: Mapping[str, str] | None = None,
    concurrency: Mapping[str, int] | None = None,
) -> dict[str, FunctionSpec]:
    """Every function of the template by logical id.

    Args:
        environment: values for variables that the template declares, as `sam local --env-vars` takes them.
        concurrency: how many processes a function may have, where the template does not reserve fewer.

    Raises:
        TemplateError: a variable that no function declares, or a property that the lab cannot honour.
    """
    overrides = dict(environment or {})
    specs = {
        resource.logical_id: _spec(
            template, resource, overrides, (concurrency or {}).get(resource.logical_id)
        )
        for resource in template.of_type(FUNCTION)
    }
    declared = {name for spec in specs.values() for name in spec.environment}
    if unknown := sorted(set(overrides) - declared):
        raise TemplateError(f"environment: no function of the template declares {', '.join(unknown)}")
    return specs


def _spec(
    template: Template, resource: Resource, overrides: Mapping[str, str], concurrency: int | None
) -> FunctionSpec:
    properties = resource.properties
    declared = properties.get("Environment", {}).get("Variables", {})
    asynchronous = properties.get("EventInvokeConfig", {})
    timeout_seconds = float(properties.get("Timeout", 3))
    usual = QUICK_CONCURRENCY if timeout_seconds <= QUICK_SECONDS else SLOW_CONCURRENCY
    reserved = int(properties.get("ReservedConcurrentExecutions", SLOW_CONCURRENCY))
    return FunctionSpec(
        logical_id=resource.logical_id,
        name=resource.name,
        arn=f"arn:aws:lambda:{REGION}:000000000000:function:{resource.name}",
        handler=_required(resource, "Handler"),
        code=(template.path.parent / _required(resource, "CodeUri")).resolve(),
        timeout_seconds=timeout_seconds,
        memory_mb=int(properties.get("MemorySize", 128)),
        concurrency=min(reserved, concurrency or usual),
        environment={name: str(overrides.get(name, value)) for name, value in declared.items()},
        python_path=tuple(_layer_folders(template, resource)),
        retries=int(asynchronous.get("MaximumRetryAttempts", 2)),
        max_event_age_seconds=int(asynchronous.get("MaximumEventAgeInSeconds", 21600)),
        on_failure=asynchronous.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
    )


def _layer_folders(template: Template, function: Resource) -> list[Path]:
    """Folders of the function's layers; a layer of requirements alone is what the lab's own venv holds."""
    layers = {layer.name: layer for layer in template.of_type(LAYER)}
    used = [layers[name] for name in function.properties.get("Layers", []) if name in layers]
    return [(template.path.parent / _required(layer, "ContentUri")).resolve() for layer in used]


def _required(resource: Resource, name: str) -> Any:
    if name not in resource.properties:
        raise TemplateError(f"{resource.place}: {name} is missing")
    return resource.properties[name]
