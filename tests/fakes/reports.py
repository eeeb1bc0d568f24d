"""Long reports in memory."""

from __future__ import annotations

import copy
from typing import Any

from clonepool.errors import Unavailable


class FakeReports:
    """See `clonepool.ports.Reports`."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.down = False

    def put(self, lease_id: str, report: dict[str, Any]) -> None:
        self._answer()
        self.kept[lease_id] = copy.deepcopy(report)

    def get(self, lease_id: str) -> dict[str, Any] | None:
        self._answer()
        return copy.deepcopy(self.kept.get(lease_id))

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("The bucket is away.")
