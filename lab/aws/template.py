"""template.yaml with parameters applied: what would be deployed, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.aws.intrinsics import Resolver, TemplateError, load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
STACK = "clonepool"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: where it stands, what it is called when deployed, and its resolved properties."""

    logical_id: str
    type: str
    name: str
    properties: dict[str, Any]

    @property
    def place(self) -> str:
        """Where to look in the template, for messages."""
        return f"Resources.{self.logical_id}"


@dataclass(frozen=True, slots=True)
class Template:
    """All resources whose condition holds, with Globals merged in and intrinsic functions resolved."""

    path: Path
    stack: str
    parameters: dict[str, Any]
    resources: dict[str, Resource]

    def of_type(self, kind: str) -> Iterator[Resource]:
        """Resources of one CloudFormation type, in the order of the file."""
        return (resource for resource in self.resources.values() if resource.type == kind)

    def by_arn(self, arn: str, place: str) -> Resource:
        """The resource that an ARN made by the template's own GetAtt means."""
        name = arn.removesuffix("/stream/lab").replace("/", ":").rsplit(":", 1)[-1]
        for resource in self.resources.values():
            if resource.name == name:
                return resource
        raise TemplateError(f"{place}: no resource has the ARN {arn}")


def load(path: Path = TEMPLATE, overrides: Mapping[str, str] | None = None, stack: str = STACK) -> Template:
    """Read the template at `path`; `overrides` are parameter values, as `--parameter-overrides` takes them.

    Raises:
        TemplateError: names the place and what is wrong there.
    """
    raw = load_yaml(path.read_text())
    parameters = _parameters(raw.get("Parameters", {}), overrides or {})
    resolver = Resolver(stack, parameters, raw.get("Conditions", {}), raw.get("Resources", {}))
    defaults = resolver.resolve(raw.get("Globals", {}), "Globals")
    resources = {
        name: _resource(resolver, name, body, defaults)
        for name, body in resolver.resources.items()
        if "Condition" not in body or resolver.holds(body["Condition"], f"Resources.{name}")
    }
    return Template(path, stack, parameters, resources)


def _parameters(declared: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise TemplateError(f"Parameters: the template declares no {', '.join(unknown)}")
    return {name: _parameter(name, body, overrides) for name, body in declared.items()}


def _parameter(name: str, body: Mapping[str, Any], overrides: Mapping[str, str]) -> Any:
    place = f"Parameters.{name}"
    if name not in overrides and "Default" not in body:
        raise TemplateError(f"{place}: has no default; pass a value for it")
    value = overrides.get(name, body.get("Default"))
    allowed = [str(item) for item in body.get("AllowedValues", [])]
    if allowed and str(value) not in allowed:
        raise TemplateError(f"{place}: {value!r} is not one of {', '.join(allowed)}")
    if body.get("Type") == "CommaDelimitedList":
        return [item.strip() for item in str(value).split(",") if item.strip()]
    return str(value)


def _resource(
    resolver: Resolver, name: str, body: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Resource:
    place = f"Resources.{name}"
    properties = resolver.resolve(body.get("Properties", {}), f"{place}.Properties")
    if body["Type"] == "AWS::Serverless::Function":
        properties = merge(defaults.get("Function", {}), properties)
    return Resource(name, body["Type"], resolver.name_of(name), properties)


def merge(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Globals as SAM applies them: maps are merged, lists appended to, anything else replaced."""
    merged = dict(defaults)
    for key, value in own.items():
        default = merged.get(key)
        if isinstance(default, dict) and isinstance(value, dict):
            merged[key] = merge(default, value)
        elif isinstance(default, list) and isinstance(value, list):
            merged[key] = default + value
        else:
            merged[key] = value
    return merged
