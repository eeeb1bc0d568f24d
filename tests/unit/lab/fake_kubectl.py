"""A kubectl on PATH that writes down what it is called with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" >>{calls}
case "$*" in
{answers}
*) cat >/dev/null ;;
esac
"""


@dataclass(frozen=True)
class FakeKubectl:
    """It lies in `folder`, and so does what it was called with."""

    folder: Path

    @classmethod
    def on_path(
        cls, folder: Path, patch: pytest.MonkeyPatch, answers: dict[str, str] | None = None
    ) -> FakeKubectl:
        """Put it before all others.

        Args:
            answers: shell commands by a part of the arguments; everything else succeeds in silence.
        """
        cases = "\n".join(f"*{json.dumps(pattern)}*) {does} ;;" for pattern, does in (answers or {}).items())
        program = folder / "kubectl"
        program.write_text(_PROGRAM.format(calls=folder / "calls", answers=cases))
        program.chmod(0o755)
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return cls(folder)

    @property
    def calls(self) -> list[str]:
        """The arguments of each call."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []
