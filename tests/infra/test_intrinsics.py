"""The reader of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.aws.intrinsics import TemplateError
from lab.aws.template import load, merge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.aws.template import Template

HEAD = """
Parameters:
  Size: { Type: String, Default: small, AllowedValues: [small, large] }
  Names: { Type: CommaDelimitedList, Default: "" }
Conditions:
  Large: !Equals [!Ref Size, large]
  Named: !Not [!Equals [!Join ["", !Ref Names], ""]]
  Both: !And [!Condition Large, !Condition Named]
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Table: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Sub "${AWS::StackName}.things" } }
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Template]:
    """Reads a template made of the head above and more resources."""

    def reader(resources: str, **overrides: str) -> Template:
        file = tmp_path / "template.yaml"
        file.write_text(HEAD + resources)
        return load(file, overrides, stack="st")

    return reader


def properties(template: Template) -> dict[str, object]:
    return template.resources["It"].properties


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Size", "small"),
        ("!Ref AWS::StackName", "st"),
        ("!Ref Queue", "https://sqs.eu-central-1.amazonaws.com/000000000000/st-Queue"),
        ("!Ref Table", "st.things"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:eu-central-1:000000000000:st-Queue"),
        ("!GetAtt [Queue, QueueName]", "st-Queue"),
        ("!GetAtt Table.StreamArn", "arn:aws:dynamodb:eu-central-1:000000000000:table/st.things/stream/lab"),
        ('!Sub "${Size} in ${AWS::Region}, ${!Size}, ${Queue.Arn}"',
         "small in eu-central-1, ${Size}, arn:aws:sqs:eu-central-1:000000000000:st-Queue"),
        ('!Sub ["${a}-${Size}", {a: !Ref Size}]', "small-small"),
        ('!Join ["/", [a, !Ref Size]]', "a/small"),
        ("!If [Large, 1, 2]", 2),
        ("!Select [1, [a, b]]", "b"),
        ('!Split [",", "a,b"]', ["a", "b"]),
        ("{Fn::Sub: '${Size}'}", "small"),
        ("[{x: !Ref Size}]", [{"x": "small"}]),
    ],
)  # fmt: skip
def test_intrinsic_functions(read: Callable[..., Template], expression: str, value: object) -> None:
    template = read(f"  It: {{ Type: A::B::C, Properties: {{ Value: {expression} }} }}\n")
    assert properties(template) == {"Value": value}


def test_no_value_leaves_the_property_or_the_item_out(read: Callable[..., Template]) -> None:
    template = read(
        "  It:\n    Type: A::B::C\n    Properties:\n"
        "      A: !Ref AWS::NoValue\n      B: [1, !If [Large, 2, !Ref AWS::NoValue]]\n"
    )
    assert properties(template) == {"B": [1]}


def test_a_resource_whose_condition_is_false_is_not_there(read: Callable[..., Template]) -> None:
    resource = "  It: { Type: A::B::C, Condition: Both }\n"
    assert "It" not in read(resource).resources
    assert "It" not in read(resource, Size="large").resources
    assert "It" in read(resource, Size="large", Names="a, b").resources


@pytest.mark.parametrize(
    ("resource", "overrides", "message"),
    [
        ("!Ref Nobody", {}, "Resources.It.Properties.Value: Nobody is neither a parameter nor a resource"),
        ("!GetAtt Nobody.Arn", {}, "Resources.It.Properties.Value: there is no resource Nobody"),
        ("!GetAtt Queue.Colour", {}, "Resources.It.Properties.Value: the lab does not know Colour of"),
        ("[{a: !ImportValue x}]", {}, r"Properties.Value\[0\].a: the lab does not know Fn::ImportValue"),
        ("!If [Tiny, 1, 2]", {}, "Resources.It.Properties.Value: there is no condition Tiny"),
        ("1", {"Size": "huge"}, "Parameters.Size: 'huge' is not one of small, large"),
        ("1", {"Colour": "red"}, "Parameters: the template declares no Colour"),
    ],
)  # fmt: skip
def test_errors_name_the_place(
    read: Callable[..., Template], resource: str, overrides: dict[str, str], message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        read(f"  It: {{ Type: A::B::C, Properties: {{ Value: {resource} }} }}\n", **overrides)


def test_globals_are_merged_as_sam_does() -> None:
    defaults = {"Timeout": 3, "Layers": ["a"], "Environment": {"Variables": {"A": "1", "B": "2"}}}
    own = {"Timeout": 10, "Layers": ["b"], "Environment": {"Variables": {"B": "3"}}}
    assert merge(defaults, own) == {
        "Timeout": 10,
        "Layers": ["a", "b"],
        "Environment": {"Variables": {"A": "1", "B": "3"}},
    }
