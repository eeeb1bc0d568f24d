"""The promises of `Reports`, kept by the fake and by S3 (moto: nothing here depends on atomicity) alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from clonepool.adapters.aws.reports import S3Reports
from clonepool.errors import Unavailable
from tests.fakes.reports import FakeReports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clonepool.ports import Reports

LONG = {
    "tables": 3,
    "files_skipped": [{"path": f"uploads/ä{n}.jpg", "reason": "changed"} for n in range(5000)],
}


@pytest.fixture(params=["fake", "s3"])
def reports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    if request.param == "fake":
        yield FakeReports()
        return
    for name, value in {
        "DEFAULT_REGION": "us-east-1",
        "ACCESS_KEY_ID": "t",
        "SECRET_ACCESS_KEY": "t",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="reports")
        yield S3Reports("reports")


def test_a_report_comes_back_as_it_was(reports: Reports) -> None:
    reports.put("lease-1", LONG)
    assert reports.get("lease-1") == LONG


def test_a_later_report_replaces_the_first(reports: Reports) -> None:
    reports.put("lease-1", LONG)
    reports.put("lease-1", {"complete": True})
    assert reports.get("lease-1") == {"complete": True}


def test_no_report(reports: Reports) -> None:
    reports.put("lease-1", LONG)
    assert reports.get("lease-2") is None


def test_a_bucket_that_is_away_is_unavailable(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(reports, FakeReports):
        reports.down = True
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        reports = S3Reports("reports")
    with pytest.raises(Unavailable):
        reports.put("lease-1", {})
    with pytest.raises(Unavailable):
        reports.get("lease-1")


def test_where_there_is_no_bucket_nothing_can_be_kept() -> None:
    with pytest.raises(Unavailable):
        S3Reports("").put("lease-1", {})
