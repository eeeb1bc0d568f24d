"""The tables of template.yaml, made in any DynamoDB that answers at a URL."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.aws.intrinsics import REGION
from lab.aws.template import TEMPLATE, Resource, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "AWS::DynamoDB::Table"
# What CreateTable takes as the template has it; the rest is set by calls of its own or means nothing locally.
_CREATE_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


@cache
def client(url: str) -> DynamoDBClient:
    """A DynamoDB client for the local service at `url`, with short timeouts."""
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3})
    session = boto3.Session("lab", "lab", region_name=REGION)
    dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=url, config=config)
    return dynamodb


def create(
    url: str,
    template: Path = TEMPLATE,
    parameters: Mapping[str, str] | None = None,
    *,
    stack: str = "clonepool",
) -> dict[str, str]:
    """Make every table of the template, TTL included; tables that exist stay as they are.

    Another `stack` gives tables of their own, so that tests can share one DynamoDB.
    Returns the table name of each logical id, e.g. `{"PodsTable": "clonepool-PodsTable", ...}`.
    """
    dynamodb = client(url)
    tables = list(load(template, parameters, stack).of_type(TABLE))
    for table in tables:
        _create(dynamodb, table)
    return {table.logical_id: table.name for table in tables}


def _create(dynamodb: DynamoDBClient, table: Resource) -> None:
    try:
        dynamodb.create_table(TableName=table.name, **_arguments(table.properties))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    _enable_ttl(dynamodb, table)


def _arguments(properties: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {name: properties[name] for name in _CREATE_PROPERTIES if name in properties}
    if "StreamSpecification" in properties:  # CloudFormation leaves out what the call wants said
        arguments["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return arguments


def _enable_ttl(dynamodb: DynamoDBClient, table: Resource) -> None:
    wanted = table.properties.get("TimeToLiveSpecification")
    if not wanted or not wanted["Enabled"]:
        return
    described = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    if described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"):
        return
    dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=wanted)
