"""Export keys of sources in AWS Secrets Manager."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clonepool.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PREFIX = "clonepool/sources/"
CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


class SecretsManager:
    """One secret per customer. Errors never carry a value."""

    @cached_property
    def _client(self) -> SecretsManagerClient:
        """Built on first use: most calls of the API never need it."""
        import boto3  # noqa: PLC0415

        client: SecretsManagerClient = boto3.client("secretsmanager", config=CONFIG)
        return client

    def put_source_key(self, customer_id: str, key: str) -> str:
        """Create, or put a new version. Returns the ARN. Raises Unavailable."""
        name = PREFIX + customer_id
        try:
            return self._put(name, key)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error

    def get_source_key(self, key_arn: str) -> str:
        """Raises NotFound, Unavailable."""
        try:
            return self._client.get_secret_value(SecretId=key_arn)["SecretString"]
        except ClientError as error:
            if _code(error) in {"ResourceNotFoundException", "InvalidRequestException"}:
                raise NotFound("The source's export key is gone; register the source again.") from error
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error

    def _put(self, name: str, key: str) -> str:
        """Replacing is the common case; a race to create is settled by replacing."""
        try:
            return self._client.put_secret_value(SecretId=name, SecretString=key)["ARN"]
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
        try:
            return self._client.create_secret(Name=name, SecretString=key)["ARN"]
        except ClientError as error:
            if _code(error) != "ResourceExistsException":
                raise
        return self._client.put_secret_value(SecretId=name, SecretString=key)["ARN"]


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _unavailable(error: Exception) -> Unavailable:
    name = _code(error) if isinstance(error, ClientError) else type(error).__name__
    return Unavailable(f"Secrets Manager did not take the call ({name}); try again.")
