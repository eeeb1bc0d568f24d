"""The composition root: one function per Lambda function builds what it runs, from its settings.

Nothing is built, and no environment read, at import. Every dependency is a parameter; tests hand in fakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clonepool.adapters.aws.clock import SystemClock
from clonepool.adapters.aws.reports import S3Reports
from clonepool.adapters.aws.secrets import SecretsManager
from clonepool.adapters.dynamodb import TableNames, connect
from clonepool.adapters.resolver import NameserverResolver, SystemResolver
from clonepool.adapters.web import IngressWeb
from clonepool.entrypoints.http.api import Api, UseCases
from clonepool.entrypoints.http.views import Addresses
from clonepool.settings import ApiSettings, ClusterSettings, CommonSettings, KeeperSettings, WorkerSettings
from clonepool.usecases.cut_off import CutOff
from clonepool.usecases.delete_pod import DeletePod
from clonepool.usecases.describe_pool import DescribePod, DescribePool, ListPods
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

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from clonepool.ports import Clock, Cluster, Reports, Resolver, Secrets, Stores, Web


@dataclass(frozen=True, slots=True)
class Outside:
    """What functions that use the cluster reach."""

    stores: Stores
    cluster: Cluster
    clock: Clock
    template_hash: str

    @classmethod
    def of(cls, settings: ClusterSettings) -> Outside:
        """The real thing. Raises ClusterUnavailable if the kubeconfig cannot be used."""
        # Not at the top: clone_api, which has no rights in the cluster, does not pay for a client either.
        from clonepool.adapters.kubernetes.build import build_cluster, template_hash_of  # noqa: PLC0415

        return cls(_stores(settings), build_cluster(settings), SystemClock(), template_hash_of(settings))


def clone_api(
    logger: Logger,
    settings: ApiSettings | None = None,
    stores: Stores | None = None,
    secrets: Secrets | None = None,
    clock: Clock | None = None,
    reports: Reports | None = None,
) -> Api:
    """The HTTP API. It has no cluster: a claim is one transaction in the tables."""
    settings = settings or ApiSettings()
    stores = stores or _stores(settings)
    secrets = secrets or SecretsManager(settings.lease_secret)
    clock = clock or SystemClock()
    leases, pods, pools = stores.leases, stores.pods, stores.pools
    get_clone = GetClone(leases, clock)
    use = UseCases(
        register_source=RegisterSource(stores.sources, secrets, clock),
        request_clone=RequestClone(leases, pods, pools, stores.sources, clock, settings.pool),
        get_clone=get_clone,
        list_clones=ListClones(leases, clock),
        extend_clone=ExtendClone(leases, clock, get_clone),
        release_clone=ReleaseClone(leases),
        access_token=AccessToken(secrets),
        issue_login=IssueLogin(get_clone, secrets, clock),
        get_outbound=GetOutbound(leases, get_clone),
        describe_pool=DescribePool(pools, pods, leases, clock, settings.pool),
        describe_pod=DescribePod(pods),
        list_pods=ListPods(pods, settings.pool),
        release_pod=ReleasePod(pods, clock),
        revoke_template=RevokeTemplate(pools, clock, settings.pool),
        get_fidelity=GetFidelity(get_clone, reports or S3Reports(settings.reports_bucket)),
    )
    addresses = Addresses(settings.domain, settings.namespace)
    return Api(use, addresses, logger, customer_claim=settings.customer_claim)


def clone_worker(
    settings: WorkerSettings | None = None,
    outside: Outside | None = None,
    secrets: Secrets | None = None,
    web: Web | None = None,
    reports: Reports | None = None,
    resolver: Resolver | None = None,
) -> PrepareClone:
    """From a bound pod to a page that the customer can open."""
    settings = settings or WorkerSettings()
    outside = outside or Outside.of(settings)
    web = web or IngressWeb(settings.domain, settings.ingress_address)
    resolver = resolver or _resolver(settings)
    secrets = secrets or SecretsManager(settings.lease_secret)
    stores, cluster, clock = outside.stores, outside.cluster, outside.clock
    leases, pods, pools = stores.leases, stores.pods, stores.pools
    return PrepareClone(
        leases,
        pods,
        pools,
        stores.sources,
        clock,
        mirror=Mirror(pods, cluster),
        find_pod=FindPod(leases, pods, pools, clock, _top_up(outside, settings)),
        open_network=OpenNetwork(cluster, resolver, allow_private=settings.allow_private_sources),
        open_site=OpenSite(cluster, web, Mirror(pods, cluster), AccessToken(secrets)),
        import_site=ImportSite(
            cluster,
            secrets,
            domain=settings.domain,
            namespace=settings.namespace,
            allow_private_sources=settings.allow_private_sources,
        ),
        keep_report=KeepReport(reports or S3Reports(settings.reports_bucket)),
    )


def pod_return(settings: ClusterSettings | None = None, outside: Outside | None = None) -> ReturnPod:
    """From the end of a lease to a warm pod, or to its replacement."""
    return _return_pod(outside or Outside.of(settings or ClusterSettings()))


@dataclass(frozen=True, slots=True)
class Keeper:
    """pool_keeper has two use cases: the tick, and the record of one pod."""

    keep_pool: KeepPool
    wake_pool: WakePool


def pool_keeper(
    settings: KeeperSettings | None = None,
    outside: Outside | None = None,
    secrets: Secrets | None = None,
    web: Web | None = None,
    reports: Reports | None = None,
    resolver: Resolver | None = None,
) -> Keeper:
    """The pool's size, and the successor of every worker that died."""
    settings = settings or KeeperSettings()
    outside = outside or Outside.of(settings)
    prepare = clone_worker(settings, outside, secrets, web, reports, resolver)
    pods = outside.stores.pods
    return Keeper(
        keep_pool=_keep_pool(settings, outside, prepare),
        wake_pool=WakePool(pods, _settle_pod(outside), _delete_pod(outside), _top_up(outside, settings)),
    )


def _stores(settings: CommonSettings) -> Stores:
    return connect(
        TableNames(
            pods=settings.pods_table,
            clones=settings.clones_table,
            sources=settings.sources_table,
            pools=settings.pools_table,
            leases=settings.leases_table,
        )
    )


def _resolver(settings: WorkerSettings) -> Resolver:
    return NameserverResolver(settings.resolver) if settings.resolver else SystemResolver()


def _keep_pool(settings: KeeperSettings, outside: Outside, prepare: PrepareClone) -> KeepPool:
    stores, cluster, clock = outside.stores, outside.cluster, outside.clock
    leases, pods = stores.leases, stores.pods
    give_back, delete, suspect = _return_pod(outside), _delete_pod(outside), _suspect_pod(outside)
    return KeepPool(
        leases,
        pods,
        stores.pools,
        clock,
        take_over=TakeOver(
            leases,
            pods,
            clock,
            _settle_pod(outside),
            prepare,
            give_back,
            delete,
            suspect,
            FetchOutbound(leases, cluster),
        ),
        give_back=give_back,
        reconcile=Reconcile(
            leases,
            pods,
            cluster,
            clock,
            give_back,
            delete,
            mirror=Mirror(pods, cluster),
            cut_off=CutOff(leases, pods, cluster, clock),
        ),
        seat=SeatQueued(leases, clock),
        top_up=_top_up(outside, settings),
        pool=settings.pool,
        policy=settings.policy(),
        template_hash=outside.template_hash,
    )


def _top_up(outside: Outside, settings: CommonSettings) -> TopUp:
    stores = outside.stores
    return TopUp(stores.leases, stores.pods, stores.pools, outside.clock, settings.pool)


def _delete_pod(outside: Outside) -> DeletePod:
    return DeletePod(outside.stores.pods, outside.cluster, outside.clock)


def _settle_pod(outside: Outside) -> SettlePod:
    stores, cluster, clock = outside.stores, outside.cluster, outside.clock
    return SettlePod(
        stores.leases,
        stores.pods,
        stores.pools,
        cluster,
        clock,
        start=StartPod(stores.pods, cluster),
        seat=SeatQueued(stores.leases, clock),
        mirror=Mirror(stores.pods, cluster),
        delete=_delete_pod(outside),
        suspect=_suspect_pod(outside),
    )


def _suspect_pod(outside: Outside) -> SuspectPod:
    stores = outside.stores
    return SuspectPod(
        stores.leases, stores.pods, stores.pools, outside.cluster, outside.clock, _delete_pod(outside)
    )


def _return_pod(outside: Outside) -> ReturnPod:
    stores, cluster, clock = outside.stores, outside.cluster, outside.clock
    return ReturnPod(
        stores.leases,
        stores.pods,
        stores.pools,
        cluster,
        clock,
        settle=_settle_pod(outside),
        delete=_delete_pod(outside),
        fetch_outbound=FetchOutbound(stores.leases, cluster),
    )
