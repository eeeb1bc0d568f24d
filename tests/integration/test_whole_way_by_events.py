"""Each function with its event files: from a source to a served clone and back into the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.handlers import event

if TYPE_CHECKING:
    from tests.integration.story import Story


def test_the_whole_way_and_back_into_the_pool(story: Story) -> None:
    story.warm_up()
    assert story.pod()["state"] == "WARM"
    assert story.http("put-source").status == 200
    claimed = story.claim()
    assert (claimed.status, claimed.body["state"], claimed.body["start"]) == (
        202,
        "IMPORTING",
        {"kind": "warm"},
    )
    story.prepare()
    ready = story.http("get-clone").body
    assert ready["state"] == "READY"
    assert ready["progress"]["percent"] == 100
    assert story.http("release-clone").status == 204
    assert story.http("get-clone").body["code"] == "clone_gone"
    story.give_back()
    assert (story.pod()["state"], story.pod()["generation"]) == ("WARM", 2)
    assert story.pod()["proof"]["generation"] == 2


def test_every_record_may_come_twice(story: Story) -> None:
    story.warm_up()
    story.functions.invoke("pool_keeper", event("pod-creating", pod_name=story.pod_name))
    story.http("put-source")
    story.claim()
    story.functions.invoke("pool_keeper", event("pod-left-warm", pod_name=story.pod_name))
    story.prepare()
    story.prepare()
    assert len(story.functions.world.cluster.jobs) == 1
    story.http("release-clone")
    story.give_back()
    story.give_back()
    assert story.pod()["generation"] == 2


def test_records_of_what_is_long_over_do_nothing(story: Story) -> None:
    """The event files as committed: rows that no table has."""
    for function, name in (
        ("clone_worker", "clone-importing"),
        ("clone_worker", "clone-queued"),
        ("pod_return", "clone-removed"),
        ("pod_return", "clone-failed"),
        ("pod_return", "queued-clone-removed"),
        ("pool_keeper", "pod-creating"),
        ("pool_keeper", "pod-left-warm"),
        ("pool_keeper", "pod-removed"),
    ):
        assert story.functions.invoke(function, event(name)) is None


def test_a_clone_without_a_pod_waits_and_is_seated_by_the_next(story: Story) -> None:
    story.functions.invoke("pool_keeper", event("schedule"))
    (row,) = story.functions.stores.pods.of_pool("default")
    story.pod_name = row.pod_name
    story.http("put-source")
    queued = story.claim().body
    assert (queued["state"], queued["start"]["kind"], queued["pod_name"]) == ("QUEUED", "cold", None)
    story.functions.invoke("pool_keeper", event("pod-creating", pod_name=story.pod_name))
    assert story.http("get-clone").body["state"] == "IMPORTING"


def test_a_clone_that_ended_while_it_waited_is_gone(story: Story) -> None:
    story.functions.invoke("pool_keeper", event("schedule"))
    story.http("put-source")
    assert story.claim().body["state"] == "QUEUED"
    assert story.http("get-outbound").body["as_of"] is None
    assert story.http("release-clone").status == 204
    story.functions.invoke("pod_return", event("queued-clone-removed", old_lease_id=story.lease_id))
    assert story.http("get-clone").body["code"] == "clone_gone"


def test_a_pod_of_a_revoked_template_goes_with_the_next_tick(story: Story) -> None:
    story.warm_up()
    story.http("put-source")
    assert story.http("revoke-template").status == 204
    assert story.claim().body["state"] == "QUEUED"
    story.functions.invoke("pool_keeper", event("schedule"))
    assert story.pod()["state"] == "DELETING"


def test_a_failed_import_says_why_and_gives_the_pod_back(story: Story) -> None:
    from clonepool.domain.clones import Progress
    from clonepool.domain.observed import ImportEvent

    story.warm_up()
    story.http("put-source")
    story.claim()
    failed = ImportEvent(Progress("preflight"), "failed", "source_refused", "The source answered 404.")
    story.functions.world.cluster.script.imports["shop"] = [failed]
    story.prepare()
    view = story.http("get-clone").body
    assert (view["state"], view["failure"]["code"]) == ("FAILED", "source_refused")
    story.functions.invoke(
        "pod_return",
        event(
            "clone-failed",
            pod_name=story.pod_name,
            old_pod_name=story.pod_name,
            lease_id=story.lease_id,
            old_lease_id=story.lease_id,
        ),
    )
    assert story.pod()["state"] == "WARM"


def test_a_cluster_that_is_down_is_an_exception_so_that_lambda_tries_again(story: Story) -> None:
    from clonepool.errors import ClusterUnavailable

    story.warm_up()
    story.http("put-source")
    story.claim()
    story.functions.world.cluster.script.down = -1
    with pytest.raises(ClusterUnavailable):
        story.prepare()


def test_what_no_pipe_sends_is_an_error(story: Story) -> None:
    for function in ("clone_worker", "pod_return", "pool_keeper"):
        with pytest.raises(ValueError, match="expected records"):
            story.functions.invoke(function, [{"kind": "something"}])
