"""The template's buckets, in moto's server."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import boto3

from lab.aws.intrinsics import REGION

if TYPE_CHECKING:
    from lab.aws.template import Template

BUCKET = "AWS::S3::Bucket"


def create(url: str, template: Template) -> None:
    """Make every bucket of the template; one that exists keeps what is in it."""
    client = boto3.Session("lab", "lab", region_name=REGION).client("s3", endpoint_url=url)
    for bucket in template.of_type(BUCKET):
        with suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
            client.create_bucket(Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": REGION})
