"""A function that does what its event says, to see how it is treated."""

import json
import os
import sys
import time
from pathlib import Path

from tinylib import environment


def handler(event, context):
    """Echo, fail, hang or die; a pipe's batch and the API's events are echoed."""
    if isinstance(event, dict) and "do" in event:
        return _ACTIONS[event["do"]](event, context)
    if isinstance(event, dict) and event.get("version") == "2.0":
        return {
            "statusCode": 201,
            "headers": {"X-Pid": str(os.getpid()), "Content-Type": "application/json"},
            "cookies": ["a=1; Secure", "b=2"],
            "body": json.dumps(event),
        }
    return event


def _environment(event, context):
    return environment() | {"cwd": str(Path.cwd())}


def _raise(event, context):
    raise ValueError(event.get("message", "as asked"))


def _fail_until(event, context):
    """Fail until the file has as many lines as asked for."""
    file = Path(event["file"])
    with file.open("a") as lines:
        lines.write(context.aws_request_id + "\n")
    attempts = len(file.read_text().splitlines())
    if attempts < event["attempts"]:
        raise ValueError(f"attempt {attempts}")
    return attempts


def _touch_and_sleep(event, context):
    Path(event["file"]).touch()
    time.sleep(event["seconds"])


_ACTIONS = {
    "environment": _environment,
    "raise": _raise,
    "fail_until": _fail_until,
    "sleep": _touch_and_sleep,
    "exit": lambda event, context: os._exit(event["status"]),
    "pid": lambda event, context: os.getpid(),
    "remaining": lambda event, context: context.get_remaining_time_in_millis(),
    "modules": lambda event, context: sorted(sys.modules),
}
