"""Functions in processes of their own, and the events that reach them, on the tiny template."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.conftest import PATIENCE_SECONDS, Served, Server, eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.dynamodb


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_request_runs_the_function(served: Served) -> None:
    answer = served.get("/things/a%20b?x=1", headers={"Cookie": "c=1"})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.cookies.get("b") == "2"
    event = answer.json()
    assert event["routeKey"] == "GET /things/{id}"
    assert event["pathParameters"] == {"id": "a b"}


def test_what_has_no_route_never_reaches_a_function(served: Served) -> None:
    for answer in (served.get("/nothing"), served.post("/things/a")):
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_body_of_more_than_ten_megabytes_is_refused(served: Served) -> None:
    assert served.post("/things", data=b"x" * (10 * 2**20 + 2)).status_code == 413


def test_the_environment_is_the_templates_and_nothing_of_the_callers(served: Served) -> None:
    environment = served.invoke({"do": "environment"}).json()
    own = {"GREETING": "good evening", "EMPTY": "", "TABLE": "tiny-Things", "SIGN": "."}
    reserved = {name for name in environment if name.startswith(("AWS_", "LAMBDA_"))}
    allowed = {"PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "_HANDLER", "cwd"}
    assert {name: environment[name] for name in own} == own
    assert set(environment) - reserved - allowed == set(own)
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "tiny-Probe"
    assert environment["cwd"] == environment["LAMBDA_TASK_ROOT"]


def test_an_idle_process_is_used_again(served: Served) -> None:
    assert served.invoke({"do": "pid"}).json() == served.invoke({"do": "pid"}).json()


def test_the_context_knows_the_time_left(served: Served) -> None:
    assert 0 < served.invoke({"do": "remaining"}).json() <= 2000


def test_an_exception_is_an_error_with_its_type(served: Served) -> None:
    answer = served.invoke({"do": "raise", "message": "no such thing"})
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"
    assert (answer.json()["errorType"], answer.json()["errorMessage"]) == ("ValueError", "no such thing")


def test_a_function_that_runs_too_long_is_killed(served: Served, tmp_path: Path) -> None:
    pid = served.invoke({"do": "pid"}).json()
    answer = served.invoke({"do": "sleep", "file": str(tmp_path / "began"), "seconds": PATIENCE_SECONDS})
    assert "Task timed out after 2.00 seconds" in answer.json()["errorMessage"]
    assert eventually(lambda: not alive(pid))
    assert served.invoke({"do": "pid"}).ok


def test_a_process_that_dies_is_an_error_and_replaced(served: Served) -> None:
    answer = served.invoke({"do": "exit", "status": 3})
    assert answer.json()["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in answer.json()["errorMessage"]
    assert served.invoke({"do": "pid"}).headers.get("X-Amz-Function-Error") is None


def test_an_operator_can_kill_a_running_invocation(served: Served, tmp_path: Path) -> None:
    began, again = tmp_path / "began", {"do": "sleep", "file": str(tmp_path / "began"), "seconds": 1.9}
    served.invoke(again, "Event")
    eventually(began.exists)
    killed = served.post("/_lab/functions/Probe/kill").json()["killed"]
    runs = eventually(lambda: [run for run in served.invocations("invoke") if run["request_id"] in killed])
    assert runs[0]["outcome"] == "crash:Runtime.ExitError"


def test_an_asynchronous_invocation_is_tried_three_times(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "attempts"
    served.invoke({"do": "fail_until", "file": str(file), "attempts": 3}, "Event")
    eventually(lambda: file.exists() and len(file.read_text().splitlines()) == 3)
    request_ids = set(file.read_text().splitlines())
    assert len(request_ids) == 1
    runs = eventually(lambda: [run for run in served.invocations("invoke") if run["attempt"] == 3])
    assert runs[-1]["outcome"] == "ok"


def test_what_fails_for_good_goes_to_the_destination(served: Served) -> None:
    served.invoke({"do": "raise", "message": "hopeless"}, "Event")

    def record() -> list[Any]:
        return [
            body for body in served.messages() if body.get("requestPayload", {}).get("message") == "hopeless"
        ]

    [message] = eventually(record)
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 3
    assert message["responsePayload"]["errorType"] == "ValueError"


def test_the_schedule_fires_at_start_and_on_demand(served: Served) -> None:
    before = len(eventually(lambda: served.invocations("schedule:ProbeTick")))
    assert served.post("/_lab/schedule/ProbeTick/fire").status_code == 202
    eventually(lambda: len(served.invocations("schedule:ProbeTick")) > before)
    assert served.post("/_lab/schedule/Nobody/fire").status_code == 404


def test_a_pipe_passes_what_its_filters_let_through(served: Served) -> None:
    before = len(served.invocations("pipe:Gone"))
    served.put("filtered", state="NEW")
    served.put("filtered", state="FAILED", note='he said "no"')
    served.put("filtered", state="FAILED", note="again")
    served.delete("filtered")
    eventually(lambda: len(served.invocations("pipe:Gone")) == before + 2)


def test_ttl_removes_and_the_pipe_tells(served: Served) -> None:
    before = len(served.invocations("pipe:Gone"))
    item = {"id": {"S": "expired"}, "expires_at": {"N": str(int(time.time()) - 1)}}
    served.dynamodb.put_item(TableName=served.table, Item=item)
    eventually(lambda: len(served.invocations("pipe:Gone")) > before)


def test_a_paused_pipe_loses_nothing(served: Served) -> None:
    served.post("/_lab/pipes/pause")
    before = len(served.invocations("pipe:Gone"))
    served.put("paused")
    served.delete("paused")
    served.post("/_lab/pipes/resume")
    eventually(lambda: len(served.invocations("pipe:Gone")) == before + 1)


def test_a_restart_goes_on_where_the_pipe_was(server: Server) -> None:
    served = server.start()
    served.put("first")
    served.delete("first")
    eventually(lambda: served.invocations("pipe:Gone"))
    server.stop(served)
    served.put("second")
    served.delete("second")
    again = server.start()
    eventually(lambda: again.invocations("pipe:Gone"))
    again.put("third")
    again.delete("third")
    eventually(lambda: len(again.invocations("pipe:Gone")) >= 2)
    assert len(again.invocations("pipe:Gone")) == 2
    server.stop(again)


def test_no_process_outlives_the_server(server: Server) -> None:
    served = server.start()
    polite = served.invoke({"do": "pid"}).json()
    server.stop(served)
    assert not alive(polite)
    served = server.start()
    rude = served.invoke({"do": "pid"}).json()
    served.process.kill()
    served.process.communicate()
    assert eventually(lambda: not alive(rude))
