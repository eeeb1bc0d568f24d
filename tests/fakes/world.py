"""The whole control plane on fakes: use cases wired as bootstrap does it, events delivered by hand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clonepool.domain.lease import CloneRequest
from clonepool.domain.pool import PoolPolicy
from clonepool.usecases.cut_off import CutOff
from clonepool.usecases.delete_pod import DeletePod
from clonepool.usecases.describe_pool import DescribePool, ListPods
from clonepool.usecases.extend_clone import ExtendClone
from clonepool.usecases.find_pod import FindPod
from clonepool.usecases.import_site import ImportSite
from clonepool.usecases.keep_pool import KeepPool
from clonepool.usecases.keep_report import GetFidelity, KeepReport
from clonepool.usecases.mirror import Mirror
from clonepool.usecases.open_doors import AccessToken, IssueLogin
from clonepool.usecases.open_network import OpenNetwork
from clonepool.usecases.open_site import OpenSite
from clonepool.usecases.outbound import FetchOutbound, GetOutbound
from clonepool.usecases.prepare_clone import PrepareClone
from clonepool.usecases.read_clones import GetClone, ListClones
from clonepool.usecases.reconcile import Reconcile
from clonepool.usecases.register_source import RegisterSource
from clonepool.usecases.release_clone import ReleaseClone
from clonepool.usecases.release_pod import ReleasePod
from clonepool.usecases.request_clone import RequestClone
from clonepool.usecases.return_pod import ReturnPod
from clonepool.usecases.revoke_template import RevokeTemplate
from clonepool.usecases.seat_queued import SeatQueued
from clonepool.usecases.settle_pod import SettlePod
from clonepool.usecases.start_pod import StartPod
from clonepool.usecases.suspect_pod import SuspectPod
from clonepool.usecases.take_over import TakeOver
from clonepool.usecases.top_up import TopUp
from clonepool.usecases.wake_pool import WakePool
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster, FakeResolver, FakeSecrets, FakeWeb
from tests.fakes.leases import FakeLeases
from tests.fakes.records import Event, Prepare, Return, Wake
from tests.fakes.reports import FakeReports
from tests.fakes.stores import FakePods, FakePools, FakeSources
from tests.fakes.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from clonepool.domain.clones import Clone
    from clonepool.domain.pods import Pod
    from clonepool.usecases.keep_pool import TickReport

POOL = "default"
TEMPLATE = "template-1"
EXPORT_KEY = "cm1_0123456789abcdef_" + "A" * 43
REUSING = PoolPolicy(min_warm=1, max_warm=2, max_pods=4, reuse="any")


def _as_it_is(port: Any) -> Any:
    return port


def _in_order(_: list[Any]) -> None:
    """Instead of a random choice, so that a failing example can be told again."""


@dataclass
class World:
    """Fakes, use cases on them, and the events waiting for delivery (`tables.events`).

    Attributes:
        wrap: puts something around each port before it is handed to use cases, e.g. faults.
        stores: other stores than the fakes; they have no streams, so nothing comes but the schedule.
    """

    policy: PoolPolicy = REUSING
    template: str = TEMPLATE
    wrap: Callable[[Any], Any] = _as_it_is
    clock: FakeClock = field(default_factory=FakeClock)
    tables: Tables = field(default_factory=Tables)
    stores: Any = None

    def __post_init__(self) -> None:
        self.numbers = itertools.count(1)
        self.cluster = FakeCluster(self.clock)
        self.web = FakeWeb(self.cluster)
        self.secrets = FakeSecrets()
        self.resolver = FakeResolver()
        self.rows = self.stores.pods if self.stores else FakePods(self.tables)
        self.reports = FakeReports()
        self._wire()

    def _wire(self) -> None:
        clock = self.clock
        stores = self.stores
        leases: Any = self.wrap(stores.leases if stores else FakeLeases(self.tables))
        pods: Any = self.wrap(self.rows)
        pools: Any = self.wrap(stores.pools if stores else FakePools(self.tables))
        sources: Any = self.wrap(stores.sources if stores else FakeSources(self.tables))
        cluster: Any = self.wrap(self.cluster)
        self.leases, self.pods, self.pools, self.sources = leases, pods, pools, sources
        mirror = Mirror(pods, cluster)
        seat = SeatQueued(leases, clock)
        self.top_up = TopUp(leases, pods, pools, clock, POOL, lambda: f"wp-{next(self.numbers)}")
        self.delete = DeletePod(pods, cluster, clock)
        start = StartPod(pods, cluster)
        self.suspect = SuspectPod(leases, pods, pools, cluster, clock, self.delete)
        self.settle = SettlePod(
            leases, pods, pools, cluster, clock, start, seat, mirror, self.delete, self.suspect
        )
        fetch = FetchOutbound(leases, cluster)
        self.return_pod = ReturnPod(leases, pods, pools, cluster, clock, self.settle, self.delete, fetch)
        self.prepare = PrepareClone(
            leases=leases,
            pods=pods,
            pools=pools,
            sources=sources,
            clock=clock,
            mirror=mirror,
            find_pod=FindPod(leases, pods, pools, clock, self.top_up, shuffle=_in_order),
            open_network=OpenNetwork(cluster, self.resolver),
            open_site=OpenSite(cluster, self.web, mirror, AccessToken(self.secrets)),
            import_site=ImportSite(cluster, self.secrets, "clones.test", "wordpress-staging"),
            keep_report=KeepReport(self.reports),
        )
        take_over = TakeOver(
            leases, pods, clock, self.settle, self.prepare, self.return_pod, self.delete, self.suspect, fetch
        )
        cut_off = CutOff(leases, pods, cluster, clock)
        reconcile = Reconcile(leases, pods, cluster, clock, self.return_pod, self.delete, mirror, cut_off)
        self.keep = KeepPool(
            leases,
            pods,
            pools,
            clock,
            take_over,
            self.return_pod,
            reconcile,
            seat,
            self.top_up,
            POOL,
            self.policy,
            self.template,
            1,
            _in_order,
        )
        self.wake = WakePool(pods, self.settle, self.delete, self.top_up)
        self._wire_api()

    def _wire_api(self) -> None:
        """What callers may do."""
        leases, pods, pools, clock = self.leases, self.pods, self.pools, self.clock
        self.request_clone = RequestClone(
            leases,
            pods,
            pools,
            self.sources,
            clock,
            POOL,
            new_id=lambda: f"lease-{next(self.numbers)}",
            shuffle=_in_order,
        )
        self.get_clone = GetClone(leases, clock)
        self.get_fidelity = GetFidelity(self.get_clone, self.reports)
        self.list_clones = ListClones(leases, clock)
        self.release_clone = ReleaseClone(leases)
        self.access_token = AccessToken(self.secrets)
        self.issue_login = IssueLogin(self.get_clone, self.secrets, clock)
        self.extend_clone = ExtendClone(leases, clock, self.get_clone)
        self.get_outbound = GetOutbound(leases, self.get_clone)
        self.describe_pool = DescribePool(pools, pods, leases, clock, POOL)
        self.list_pods = ListPods(pods, POOL)
        self.release_pod = ReleasePod(pods, clock)
        self.revoke_template = RevokeTemplate(pools, clock, POOL)
        self.register_source = RegisterSource(self.sources, self.secrets, clock)

    def redeploy(self, policy: PoolPolicy | None = None, template: str | None = None) -> None:
        """New settings, same rows, same cluster."""
        self.policy, self.template = policy or self.policy, template or self.template
        self._wire()

    def register(self, *customers: str) -> None:
        for customer in customers:
            self.register_source(customer, f"https://{customer}.sources.test", EXPORT_KEY)

    def ask(self, customer: str, **more: Any) -> Clone:
        """POST /clones."""
        return self.request_clone(CloneRequest.of(customer, **more)).clone

    def tick(self) -> TickReport:
        """The schedule fires."""
        return self.keep()

    def deliver(self, event: Event) -> None:
        """A pipe invokes its function."""
        match event:
            case Prepare():
                self.prepare(event.clone_id, event.lease_id)
            case Return():
                self.return_pod(event.pod_name, event.generation, event.lease_id)
            case Wake():
                self.wake(event.pod_name, event.generation)

    def settle_down(self, limit: int = 1000) -> None:
        """Deliver until nothing is left, or so many."""
        for _ in range(limit):
            if not self.tables.events:
                return
            self.deliver(self.tables.events.pop(0))

    def warm_up(self, *customers: str) -> None:
        """A pool at its size, and customers with sources."""
        self.register(*customers)
        self.tick()
        self.settle_down()

    def row(self, clone_id: str) -> Clone | None:
        return self.tables.clones.get(clone_id)

    def pod_of(self, clone: Clone) -> Pod:
        return self.tables.pods[clone.pod_name or ""]

    def states(self) -> list[str]:
        return sorted(pod.state.value for pod in self.tables.pods.values())
