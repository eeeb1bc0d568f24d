"""Export keys of sources, and the secret that leases' keys are derived from, in AWS Secrets Manager."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from clonepool.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PREFIX = "clonepool/sources/"
CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})


class SecretsManager:
    """One secret per customer, and one for all leases. Errors never carry a value.

    Args:
        lease_secret_id: name or ARN of the latter; empty where nobody asks for it.
    """

    def __init__(self, lease_secret_id: str = "") -> None:
        self._lease_secret_id = lease_secret_id

    @cached_property
    def _client(self) -> SecretsManagerClient:
        """Built on first use, by botocore, which PynamoDB has loaded already; boto3 would be a load more."""
        client = get_session().create_client("secretsmanager", config=CONFIG)
        return cast("SecretsManagerClient", client)

    @cached_property
    def _lease_secret(self) -> str:
        try:
            return self._read(self._lease_secret_id, "gone")
        except NotFound as error:
            raise Unavailable("The secret of the leases' keys is gone; the operator has to look.") from error

    def lease_secret(self) -> str:
        """Read once in the life of a process. Raises Unavailable."""
        return self._lease_secret

    def put_source_key(self, customer_id: str, key: str) -> str:
        """Create, or put a new version. Returns the ARN. Raises Unavailable."""
        name = PREFIX + customer_id
        try:
            return self._put(name, key)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error

    def get_source_key(self, key_arn: str) -> str:
        """Raises NotFound, Unavailable."""
        return self._read(key_arn, "The source's export key is gone; register the source again.")

    def _read(self, secret_id: str, if_gone: str) -> str:
        try:
            return self._client.get_secret_value(SecretId=secret_id)["SecretString"]
        except ClientError as error:
            if _code(error) in {"ResourceNotFoundException", "InvalidRequestException"}:
                raise NotFound(if_gone) from error
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
