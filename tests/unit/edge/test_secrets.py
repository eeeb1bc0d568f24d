"""Export keys in Secrets Manager (moto: nothing here depends on atomicity)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from clonepool.adapters.aws.secrets import SecretsManager
from clonepool.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "cm1_0123456789abcdef_" + "A" * 43


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield SecretsManager()


def test_a_key_is_stored_under_its_customer_and_read_by_its_arn(secrets: SecretsManager) -> None:
    arn = secrets.put_source_key("shop", KEY)
    assert ":secret:clonepool/sources/shop" in arn
    assert secrets.get_source_key(arn) == KEY


def test_a_new_key_replaces_the_old_one(secrets: SecretsManager) -> None:
    arn = secrets.put_source_key("shop", KEY)
    assert secrets.put_source_key("shop", KEY[:-1] + "B") == arn
    assert secrets.get_source_key(arn) == KEY[:-1] + "B"


def test_a_key_that_is_gone_is_not_found(secrets: SecretsManager) -> None:
    arn = secrets.put_source_key("shop", KEY)
    boto3.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    with pytest.raises(NotFound):
        secrets.get_source_key(arn)


def test_the_secret_of_the_leases_is_read_once_and_its_loss_is_the_operators_trouble(
    secrets: SecretsManager,
) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="lease-secret", SecretString="first")["ARN"]
    manager = SecretsManager(arn)
    assert manager.lease_secret() == "first"
    client.put_secret_value(SecretId=arn, SecretString="second")
    assert manager.lease_secret() == "first"
    with pytest.raises(Unavailable):
        SecretsManager("no-such-secret").lease_secret()


def test_trouble_is_unavailable_and_never_tells_the_key(
    secrets: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    with pytest.raises(Unavailable) as error:
        SecretsManager().put_source_key("shop", KEY)
    assert KEY not in str(error.value)
