"""CloudFormation's intrinsic functions, as far as template.yaml uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REGION = "eu-central-1"
ACCOUNT = "000000000000"
_SUBSTITUTION = re.compile(r"\$\{([^}]*)\}")


class TemplateError(Exception):
    """The template cannot be read; the message names the place and what is wrong there."""


class _Loader(yaml.CSafeLoader):  # in Python it takes eight times as long
    """YAML with CloudFormation's short tags: `!Ref x` becomes `{"Ref": x}`, `!Sub x` `{"Fn::Sub": x}`."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def load_yaml(text: str) -> Any:
    """Parse a template without resolving anything."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 -- a SafeLoader with tags added


@dataclass(slots=True)
class Resolver:
    """Replaces intrinsic functions by values.

    Attributes:
        parameters: value of each parameter.
        resources: raw resources; Ref and GetAtt of them give names and ARNs as AWS forms them.
    """

    stack: str
    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, value: Any, place: str) -> Any:
        """`value` with every intrinsic function replaced; raises TemplateError that names `place`."""
        if isinstance(value, list):
            items = (self.resolve(item, f"{place}[{i}]") for i, item in enumerate(value))
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and _is_intrinsic(name := next(iter(value))):
            return self._call(name, value[name], place)
        pairs = ((key, self.resolve(item, f"{place}.{key}")) for key, item in value.items())
        return {key: item for key, item in pairs if item is not NO_VALUE}

    def _call(self, name: str, argument: Any, place: str) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(f"{place}: the lab does not know {name}; add it to lab/aws/intrinsics.py")
        return function(self, argument, place)

    def holds(self, condition: str, place: str) -> bool:
        """Whether the named condition is true under these parameters."""
        if condition not in self.conditions:
            raise TemplateError(f"{place}: there is no condition {condition}")
        return bool(self.resolve(self.conditions[condition], f"Conditions.{condition}"))

    def ref(self, name: str, place: str) -> Any:
        """What `!Ref name` gives."""
        if name in PSEUDO:
            return PSEUDO[name]
        if name == "AWS::StackName":
            return self.stack
        if name in self.parameters:
            return self.parameters[name]
        if name in self.resources:
            return self._resource_ref(name)
        raise TemplateError(f"{place}: {name} is neither a parameter nor a resource")

    def _resource_ref(self, name: str) -> str:
        if self.resources[name]["Type"] == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name_of(name)}"
        return self.name_of(name)

    def name_of(self, logical_id: str) -> str:
        """The physical name: the one the template gives, else stack and logical id."""
        resource = self.resources[logical_id]
        given = resource.get("Properties", {}).get(_NAME_PROPERTY.get(resource["Type"], ""))
        if given is None:
            made = f"{self.stack}-{logical_id}"
            return made.lower() if resource["Type"] == "AWS::S3::Bucket" else made
        return str(self.resolve(given, f"Resources.{logical_id}"))

    def attribute(self, logical_id: str, attribute: str, place: str) -> str:
        """What `!GetAtt logical_id.attribute` gives."""
        if logical_id not in self.resources:
            raise TemplateError(f"{place}: there is no resource {logical_id}")
        kind = self.resources[logical_id]["Type"]
        form = _ARNS.get((kind, attribute))
        if form is None:
            raise TemplateError(f"{place}: the lab does not know {attribute} of {kind}")
        return form.format(region=REGION, account=ACCOUNT, name=self.name_of(logical_id))


class _NoValue:
    """AWS::NoValue: the property is left out."""


NO_VALUE = _NoValue()
PSEUDO: dict[str, Any] = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": NO_VALUE,
}
_NAME_PROPERTY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Logs::LogGroup": "LogGroupName",
}
_ARNS = {
    ("AWS::DynamoDB::Table", "Arn"): "arn:aws:dynamodb:{region}:{account}:table/{name}",
    ("AWS::DynamoDB::Table", "StreamArn"): "arn:aws:dynamodb:{region}:{account}:table/{name}/stream/lab",
    ("AWS::Serverless::Function", "Arn"): "arn:aws:lambda:{region}:{account}:function:{name}",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{name}",
    ("AWS::SQS::Queue", "Arn"): "arn:aws:sqs:{region}:{account}:{name}",
    ("AWS::SQS::Queue", "QueueName"): "{name}",
    ("AWS::IAM::Role", "Arn"): "arn:aws:iam::{account}:role/{name}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    ("AWS::SNS::Topic", "TopicArn"): "arn:aws:sns:{region}:{account}:{name}",
}


def _is_intrinsic(name: Any) -> bool:
    return isinstance(name, str) and (name in ("Ref", "Condition") or name.startswith("Fn::"))


def _sub(resolver: Resolver, argument: Any, place: str) -> str:
    text, variables = argument if isinstance(argument, list) else (argument, {})
    local = resolver.resolve(variables, place)

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):  # ${!x} is a literal ${x}
            return "${" + name[1:] + "}"
        if name in local:
            return str(local[name])
        if "." in name:
            logical_id, attribute = name.split(".", 1)
            return resolver.attribute(logical_id, attribute, place)
        return str(resolver.ref(name, place))

    return _SUBSTITUTION.sub(value_of, text)


def _if(resolver: Resolver, argument: Any, place: str) -> Any:
    condition, then, otherwise = argument
    return resolver.resolve(then if resolver.holds(condition, place) else otherwise, place)


def _join(resolver: Resolver, argument: Any, place: str) -> str:
    return str(argument[0]).join(str(item) for item in resolver.resolve(argument[1], place))


def _equals(resolver: Resolver, argument: Any, place: str) -> bool:
    left, right = resolver.resolve(argument, place)
    return str(left) == str(right)


def _get_att(resolver: Resolver, argument: Any, place: str) -> str:
    return resolver.attribute(argument[0], argument[1], place)


def _select(resolver: Resolver, argument: Any, place: str) -> Any:
    index, items = resolver.resolve(argument, place)
    return items[int(index)]


def _split(resolver: Resolver, argument: Any, place: str) -> list[str]:
    separator, text = resolver.resolve(argument, place)
    return str(text).split(separator)


def _all(resolver: Resolver, argument: Any, place: str) -> bool:
    return all(resolver.resolve(argument, place))


def _any(resolver: Resolver, argument: Any, place: str) -> bool:
    return any(resolver.resolve(argument, place))


def _not(resolver: Resolver, argument: Any, place: str) -> bool:
    return not resolver.resolve(argument, place)[0]


_FUNCTIONS: dict[str, Callable[[Resolver, Any, str], Any]] = {
    "Ref": lambda resolver, name, place: resolver.ref(name, place),
    "Condition": lambda resolver, name, place: resolver.holds(name, place),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Equals": _equals,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::And": _all,
    "Fn::Or": _any,
    "Fn::Not": _not,
}
