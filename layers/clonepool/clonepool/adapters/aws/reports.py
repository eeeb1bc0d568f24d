"""Long reports of imports in an S3 bucket, one object for each lease."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from clonepool.errors import Unavailable

PREFIX = "fidelity/"
CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})
MAX_BYTES = 16 * 2**20
"""Of a report that is read; an import writes far less."""


@dataclass
class S3Reports:
    """See `clonepool.ports.Reports`. Objects are compressed JSON; the bucket's own rule removes old ones.

    Attributes:
        bucket: empty where there is none; then every call says Unavailable.
    """

    bucket: str

    @cached_property
    def _client(self) -> Any:
        """Built on first use: few calls ever need it."""
        return get_session().create_client("s3", config=CONFIG)

    def put(self, lease_id: str, report: dict[str, Any]) -> None:
        """See the port."""
        body = zlib.compress(json.dumps(report, separators=(",", ":")).encode())
        self._require_bucket()
        try:
            self._client.put_object(
                Bucket=self.bucket, Key=PREFIX + lease_id, Body=body, ContentType="application/zlib"
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error

    def get(self, lease_id: str) -> dict[str, Any] | None:
        """See the port."""
        self._require_bucket()
        try:
            found = self._client.get_object(Bucket=self.bucket, Key=PREFIX + lease_id)
            body = found["Body"].read(MAX_BYTES)
        except ClientError as error:
            # Without the right to list, S3 says of what is not there that it is forbidden.
            if error.response["Error"]["Code"] in {"NoSuchKey", "AccessDenied"}:
                return None
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error
        report: dict[str, Any] = json.loads(zlib.decompressobj().decompress(body, MAX_BYTES))
        return report

    def _require_bucket(self) -> None:
        if not self.bucket:
            raise Unavailable("There is no bucket for long reports.")


def _unavailable(error: Exception) -> Unavailable:
    name = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Unavailable(f"The bucket of long reports did not take the call ({name}); try again.")
