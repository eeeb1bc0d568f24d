"""What the functions load: clone_api has no cluster, and does not pay for one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.integration.handlers import ENVIRONMENT, ROOT

HEAVY = ("kubernetes", "boto3", "websocket", "requests", "yaml")


def loaded_by(function: str, then: str = "") -> set[str]:
    """Top-level modules of a fresh process that has loaded the function."""
    code = f"import sys, app{then}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    path = os.pathsep.join([str(ROOT / "functions" / function), str(ROOT / "layers" / "clonepool")])
    environment = {**ENVIRONMENT, "PYTHONPATH": path, "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_clone_api_loads_no_kubernetes_and_nothing_else_that_is_slow() -> None:
    assert not loaded_by("clone_api", "; app.api()").intersection(HEAVY)


@pytest.mark.parametrize("function", ["clone_worker", "pod_return", "pool_keeper"])
def test_no_function_builds_anything_or_reads_settings_at_import(function: str) -> None:
    assert not loaded_by(function).intersection(HEAVY)
