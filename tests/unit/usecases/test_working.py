"""The worker: whatever dies, hangs or vanishes, somebody finishes the job and nobody is harmed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clonepool.domain.clones import CloneState, Progress
from clonepool.domain.observed import ImportEvent
from clonepool.domain.pods import PodState
from clonepool.domain.reach import Destination, Reach, source_host
from clonepool.errors import ClusterUnavailable, StaleObject
from tests.fakes.cluster import IMPORTED
from tests.fakes.faults import Died, Mortality
from tests.fakes.records import Prepare
from tests.fakes.world import REUSING, World

TICK = 61


def test_ready_after_route_import_and_page(world: World) -> None:
    clone = world.ask("alice", ttl_minutes=10)
    world.clock.advance(5)
    world.settle_down()

    ready = world.get_clone("alice")
    pod = world.pod_of(clone)
    assert ready.state is CloneState.READY
    assert ready.expires_at == world.clock.now() + 600
    assert ready.timings_ms["database"] == 900
    assert ready.fidelity == {"tables": 12}
    assert pod.state is PodState.READY
    assert world.cluster.objects[pod.pod_name].status == "serving"
    assert world.cluster.routes == {"alice": (pod.pod_name, 1)}
    assert world.tables.sources["alice"].last_durations_ms["database"] == 900


def test_the_job_carries_a_key_of_its_own_and_shows_it_nowhere(world: World) -> None:
    world.ask("alice")
    world.settle_down()

    (job,) = world.cluster.jobs
    assert (job.clone_id, job.generation, job.key_id) == ("alice", 1, "0123456789abcdef")
    assert len(job.job_key) == 64
    assert job.job_key not in repr(job)
    assert (job.public_url, job.internal_host) == (
        "https://alice.clones.test",
        "alice.wordpress-staging.svc.cluster.local",
    )


def test_a_ready_clone_still_says_how_much_was_imported(world: World) -> None:
    moved = Progress("done", 100, bytes_done=52_000_000, bytes_total=52_000_000, bytes_per_second=17_000_000)
    world.cluster.script.imports["alice"] = [replace(IMPORTED, progress=moved)]
    world.ask("alice")
    world.settle_down()

    assert world.get_clone("alice").progress == replace(moved, eta_seconds=0, usable=True)


def test_progress_is_stored_at_most_once_a_second(world: World) -> None:
    events = [ImportEvent(Progress("rows", percent)) for percent in range(100)]
    world.cluster.script.imports["alice"] = [*events, IMPORTED]
    stored: list[int] = []
    store = world.leases.progress

    def counting(clone: object, progress: Progress, deadline_at: int) -> None:
        stored.append(progress.percent)
        store(clone, progress, deadline_at)

    world.leases.progress = counting
    world.cluster.script.before = lambda name: world.clock.advance(0.1) if name == "run_import.line" else None
    world.ask("alice")
    world.settle_down()

    assert 9 <= len(stored) <= 13


def test_the_same_record_twice_makes_one_import(world: World) -> None:
    clone = world.ask("alice")
    event = Prepare("alice", clone.lease_id)
    world.deliver(event)
    ready = world.row("alice")
    world.deliver(event)

    assert world.row("alice") == ready
    assert len(world.cluster.jobs) == 1


@pytest.mark.parametrize("code", ["source_unreachable", "disk_full"])
def test_a_failed_import_says_why_and_returns_the_pod(world: World, code: str) -> None:
    failed = ImportEvent(Progress("preflight"), "failed", failure_code=code, detail="Because.")
    world.cluster.script.imports["alice"] = [failed]
    clone = world.ask("alice")
    world.settle_down()

    row = world.get_clone("alice")
    assert row.failure
    assert (row.state, row.failure.code, row.failure.detail) == (CloneState.FAILED, code, "Because.")
    assert world.pod_of(clone).state is PodState.WARM
    assert world.cluster.routes == {}


def test_a_source_that_was_taken_away_fails_the_import(world: World) -> None:
    world.ask("alice")
    world.secrets.keys.clear()
    world.settle_down()

    row = world.get_clone("alice")
    assert row.failure
    assert row.failure.code == "source_refused"


def test_a_broken_stream_is_followed_again(world: World) -> None:
    world.cluster.script.imports["alice"] = [ImportEvent(Progress("rows", 10))]
    clone = world.ask("alice")

    def end(name: str) -> None:
        if name == "progressed":
            world.cluster.script.imports["alice"] = [IMPORTED]

    store = world.leases.progress

    def note(*args: object) -> None:
        store(*args)
        end("progressed" if args[1].percent == 10 else "")  # type: ignore[attr-defined]

    world.leases.progress = note
    world.deliver(Prepare("alice", clone.lease_id))

    assert world.get_clone("alice").state is CloneState.READY


def test_an_import_that_never_ends_fails_in_time(world: World) -> None:
    world.cluster.script.imports["alice"] = [ImportEvent(Progress("rows", 10))]
    clone = world.ask("alice")
    with pytest.raises(ClusterUnavailable):
        world.deliver(Prepare("alice", clone.lease_id))
    world.deliver(Prepare("alice", clone.lease_id))

    row = world.row("alice")
    assert row
    assert row.failure
    assert row.failure.code == "timeout"


@pytest.mark.parametrize("call", range(14))
def test_a_worker_dies_at_any_call_and_the_keeper_finishes(call: int) -> None:
    mortality = Mortality()
    world = World(wrap=mortality.wrap)
    world.warm_up("alice")
    clone = world.ask("alice")
    world.tables.events.clear()
    mortality.at, mortality.after = call, True
    with pytest.raises(Died):
        world.deliver(Prepare("alice", clone.lease_id))
    mortality.at = None

    world.clock.advance(TICK)
    world.tick()

    assert world.get_clone("alice").state is CloneState.READY


def test_claims_go_on_while_the_cluster_is_away_and_work_resumes(world: World) -> None:
    world.cluster.script.down = -1
    clone = world.ask("alice")
    assert clone.state is CloneState.IMPORTING
    with pytest.raises(ClusterUnavailable):
        world.deliver(Prepare("alice", clone.lease_id))
    report = world.tick()
    assert report.troubles
    world.cluster.script.down = 0
    world.deliver(Prepare("alice", clone.lease_id))

    assert world.get_clone("alice").state is CloneState.READY


def test_a_late_worker_of_an_old_generation_is_refused_everywhere(world: World) -> None:
    old = world.ask("alice")
    world.settle_down()
    old_ref = world.pod_of(old).ref
    world.release_clone("alice")
    world.settle_down()
    world.redeploy(policy=replace(REUSING, min_warm=0, max_warm=0))
    new = world.ask("bob")
    world.settle_down()
    assert new.pod_name == old.pod_name
    before = replace(world.cluster.objects[old.pod_name or ""])

    with pytest.raises(StaleObject):
        world.cluster.label(old_ref, PodState.READY, "alice")
    with pytest.raises(StaleObject):
        world.cluster.route(old_ref, "alice")
    with pytest.raises(StaleObject):
        next(world.cluster.run_import(old_ref, world.cluster.jobs[0], 10))
    world.cluster.unroute(old_ref.pod_name, old_ref.generation)
    world.return_pod(old_ref.pod_name, old_ref.generation, old.lease_id)
    world.prepare("alice", old.lease_id)

    assert world.cluster.objects[old.pod_name or ""] == before
    assert world.get_clone("bob").state is CloneState.READY
    assert world.cluster.page_of("bob") == "bob"


def test_the_network_is_open_to_the_source_while_the_clone_lives_and_no_longer(world: World) -> None:
    clone = world.ask("alice")
    world.settle_down()
    pod = world.pod_of(clone)
    opened = world.cluster.networks[pod.pod_name, 1]
    assert opened.source.addresses == ("93.184.215.14",)
    assert world.cluster.jobs[0].source_addresses == opened.source.addresses

    world.release_clone("alice")
    world.settle_down()
    assert world.cluster.networks == {}


def test_what_an_earlier_worker_opened_is_what_the_import_dials(world: World) -> None:
    clone = world.ask("alice")
    first = Reach(Destination("source", ("93.184.216.34",), (443,)))
    pod = world.pod_of(clone)
    world.cluster.open_network(pod.ref, first)
    world.settle_down()

    assert world.resolver.asked == []
    assert world.cluster.networks == {(pod.pod_name, 1): first}
    assert world.cluster.jobs[0].source_addresses == ("93.184.216.34",)


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["169.254.169.254"], "source_invalid"),
        (["93.184.215.14", "10.0.0.1"], "source_invalid"),
        ([], "source_unreachable"),
    ],
)
def test_a_source_that_must_not_or_cannot_be_reached_opens_nothing(
    world: World, addresses: list[str], code: str
) -> None:
    world.ask("alice")
    world.resolver.names[source_host(world.tables.sources["alice"].url)] = addresses
    world.settle_down()

    failure = world.get_clone("alice").failure
    assert failure is not None
    assert failure.code == code
    assert world.cluster.jobs == []
    assert world.cluster.networks == {}


def test_allowed_hosts_are_opened_and_told_where_they_resolve_to_public_addresses(world: World) -> None:
    world.resolver.names |= {
        "api.example.net": ["93.184.216.34"],
        "inside.example.net": ["10.0.0.1"],
        "no.example": [],
    }
    world.ask("alice", allow_hosts=["api.example.net", "inside.example.net", "no.example"])
    world.settle_down()

    (reach,) = world.cluster.networks.values()
    assert [(one.host, one.addresses, one.ports) for one in reach.allowed] == [
        ("api.example.net", ("93.184.216.34",), (80, 443))
    ]
    assert world.cluster.jobs[0].allowed_addresses == {"api.example.net": ("93.184.216.34",)}
