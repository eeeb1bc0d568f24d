"""The EKS token: what the authenticator will see, and when it is minted anew."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials

from clonepool.adapters.kubernetes.eks_token import PREFIX, EksToken


class Session:
    """Credentials that are counted."""

    def __init__(self, credentials: Credentials | None) -> None:
        self.credentials = credentials
        self.asked = 0

    def get_credentials(self) -> Credentials | None:
        self.asked += 1
        return self.credentials


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def session() -> Session:
    return Session(Credentials("AKID", "secret-key", "session-token"))


def decoded(token: EksToken) -> str:
    value = token.headers()["Authorization"].removeprefix("Bearer ")
    assert value.startswith(PREFIX)
    text = value.removeprefix(PREFIX)
    assert "=" not in text
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def test_the_token_is_a_presigned_url_for_this_cluster(session: Session, time: Time) -> None:
    url = urlsplit(decoded(EksToken("clones", "eu-central-1", session, time)))
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", "sts.eu-central-1.amazonaws.com", "/")
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Security-Token"] == ["session-token"]
    assert "secret-key" not in url.query


def test_it_is_kept_for_ten_minutes(session: Session, time: Time) -> None:
    token = EksToken("clones", "eu-central-1", session, time)
    token.headers()
    time.now += 599
    token.headers()
    assert session.asked == 1
    time.now += 1
    token.headers()
    assert session.asked == 2


def test_it_is_renewed_at_once_when_refused(session: Session, time: Time) -> None:
    token = EksToken("clones", "eu-central-1", session, time)
    token.headers()
    token.headers(renew=True)
    assert session.asked == 2


def test_without_credentials_it_says_so(time: Time) -> None:
    with pytest.raises(RuntimeError, match="no AWS credentials"):
        EksToken("clones", "eu-central-1", Session(None), time).headers()
