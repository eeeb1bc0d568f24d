"""`python -m lab.sam`: invoke every function once by `sam local invoke`, with an event of tests/events.

DynamoDB Local holds empty tables, and there is no cluster: each event ends where a row that is not there is
read. What is shown is that the built package, its layers and its handler run as Lambda would run them.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any

from lab.aws import dynamodb, tables
from lab.aws.functions import function_specs
from lab.aws.service import ServiceError, free_port
from lab.aws.template import load
from lab.errors import LabError
from lab.paths import CHECKOUT, Paths
from lab.sam import image
from lab.sam.daemon import BRIDGE_ADDRESS, docker
from lab.steps import Steps

_SAM = ("uv", "tool", "run", "--quiet", "--from", "aws-sam-cli==1.170.*", "sam")
_EVENTS = {
    "CloneApi": "list-clones.json",
    "CloneWorker": "clone-importing.json",
    "PodReturn": "clone-removed.json",
    "PoolKeeper": "pod-removed.json",
}
_HOST = "host.docker.internal"


def main() -> int:
    """Returns 1 if a function did not end as it should."""
    steps, home = Steps(), Paths.from_environment().home / "sam"
    home.mkdir(parents=True, exist_ok=True)
    try:
        with docker(home / "docker") as docker_host:
            with steps.step("stand-in image"):
                image.ensure(docker_host)
            return _invoke_all(docker_host, home, steps)
    except (LabError, ServiceError) as error:
        print(f"sam-local: {error}", file=sys.stderr)
        return 1


def _invoke_all(docker_host: str, home: Path, steps: Steps) -> int:
    service = dynamodb.start(free_port(), log=home / "dynamodb.log")
    try:
        names = tables.create(service.url)
        endpoint = service.url.replace("127.0.0.1", _HOST)
        with tempfile.TemporaryDirectory() as scratch:
            variables = Path(scratch) / "variables.json"
            variables.write_text(json.dumps(_variables(names, endpoint)))
            return _report([_invoke(function, docker_host, variables, steps) for function in _EVENTS])
    finally:
        service.stop()


def _variables(names: dict[str, str], endpoint: str) -> dict[str, dict[str, str]]:
    """Per function, values for variables that the template declares: `sam local` sets no others."""
    values = {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "CLONEPOOL_CLUSTER_ENDPOINT": "https://cluster.invalid",
        "CLONEPOOL_CLUSTER_CA": _some_certificate(),
    }
    values |= {
        f"CLONEPOOL_{name.removesuffix('Table').upper()}_TABLE": table for name, table in names.items()
    }
    return {
        name: {variable: value for variable, value in values.items() if variable in spec.environment}
        for name, spec in function_specs(load()).items()
    }


def _some_certificate() -> str:
    """A certificate authority in the form that EKS gives it: no cluster answers, but the setting is read."""
    [first, *_] = ssl.create_default_context().get_ca_certs(binary_form=True)
    return base64.b64encode(ssl.DER_cert_to_PEM_cert(first).encode()).decode()


def _invoke(function: str, docker_host: str, variables: Path, steps: Steps) -> tuple[str, Any]:
    """The function's name and its answer; None where there is none."""
    event = CHECKOUT / "tests" / "events" / _EVENTS[function]
    command = [
        *(*_SAM, "local", "invoke", function, "--config-env", "offline", "--event", str(event)),
        *("--env-vars", str(variables), "--add-host", f"{_HOST}:{BRIDGE_ADDRESS}"),
    ]
    credentials = {
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    environment = {**os.environ, **credentials, "DOCKER_HOST": docker_host, "SAM_CLI_TELEMETRY": "0"}
    with steps.step(f"sam local invoke {function} with {event.name}"):
        done = subprocess.run(
            command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise LabError(f"sam local invoke {function} failed:\n{done.stderr[-2000:]}")
    steps.say(done.stdout.strip())
    return function, json.loads(done.stdout.strip() or "null")


def _report(answers: list[tuple[str, Any]]) -> int:
    """The API must answer 200; the others return nothing and raise nothing."""
    failed = [function for function, answer in answers if not _fine(function, answer)]
    print(f"failed: {', '.join(failed)}" if failed else "all functions ran")
    return 1 if failed else 0


def _fine(function: str, answer: Any) -> bool:
    if function == "CloneApi":
        return isinstance(answer, dict) and answer.get("statusCode") == HTTPStatus.OK
    return not (isinstance(answer, dict) and "errorMessage" in answer)


if __name__ == "__main__":
    sys.exit(main())
