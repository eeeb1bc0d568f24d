"""The routes of the API: read the request, call one use case, show the result."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from clonepool.domain.names import check_customer
from clonepool.entrypoints.http import views
from clonepool.entrypoints.http.caller import Caller
from clonepool.entrypoints.http.problems import problem
from clonepool.entrypoints.http.requests import CloneBody, ExtendBody, SourceBody, page_size
from clonepool.errors import ClonepoolError, InvalidRequest, LostRace, MethodNotAllowed, NotFound, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from clonepool.domain.clones import Clone
    from clonepool.usecases.describe_pool import DescribePod, DescribePool, ListPods
    from clonepool.usecases.extend_clone import ExtendClone
    from clonepool.usecases.keep_report import GetFidelity
    from clonepool.usecases.open_doors import AccessToken, IssueLogin
    from clonepool.usecases.outbound import GetOutbound
    from clonepool.usecases.read_clones import GetClone, ListClones
    from clonepool.usecases.register_source import RegisterSource
    from clonepool.usecases.release_clone import ReleaseClone
    from clonepool.usecases.release_pod import ReleasePod
    from clonepool.usecases.request_clone import RequestClone
    from clonepool.usecases.revoke_template import RevokeTemplate

type Answer = Response[str]


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the API can do."""

    register_source: RegisterSource
    request_clone: RequestClone
    get_clone: GetClone
    list_clones: ListClones
    extend_clone: ExtendClone
    release_clone: ReleaseClone
    access_token: AccessToken
    issue_login: IssueLogin
    get_outbound: GetOutbound
    describe_pool: DescribePool
    describe_pod: DescribePod
    list_pods: ListPods
    release_pod: ReleasePod
    revoke_template: RevokeTemplate
    get_fidelity: GetFidelity


class Api:
    """The HTTP API on payload 2.0. One instance serves all requests of a process, one after the other."""

    def __init__(
        self, use: UseCases, addresses: views.Addresses, logger: Logger, *, customer_claim: str
    ) -> None:
        self._use = use
        self._addresses = addresses
        self._logger = logger
        self._customer_claim = customer_claim
        self._app = APIGatewayHttpResolver()
        self._rules: list[tuple[str, re.Pattern[str]]] = []
        self._add_routes()
        self._app.exception_handler(Exception)(self._unexpected)
        self._app.exception_handler(ClonepoolError)(self._expected)
        self._app.exception_handler(NotFoundError)(self._no_route)

    def resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The answer to one event, never an exception."""
        return self._app.resolve(event, context)

    def _add_routes(self) -> None:
        self._add("PUT", "/customers/<customer_id>/source", self.put_source)
        self._add("POST", "/clones", self.create_clone)
        self._add("GET", "/clones", self.list_clones)
        self._add("GET", "/clones/<clone_id>", self.get_clone)
        self._add("DELETE", "/clones/<clone_id>", self.release_clone)
        self._add("POST", "/clones/<clone_id>/extend", self.extend_clone)
        self._add("POST", "/clones/<clone_id>/login", self.log_in)
        self._add("GET", "/clones/<clone_id>/fidelity", self.get_fidelity)
        self._add("GET", "/clones/<clone_id>/outbound", self.outbound)
        self._add("GET", "/pool", self.get_pool)
        self._add("GET", "/pool/pods", self.list_pods)
        self._add("GET", "/pool/pods/<pod_name>", self.get_pod)
        self._add("DELETE", "/pool/pods/<pod_name>", self.release_pod)
        self._add("DELETE", "/pool/templates/<template_hash>", self.revoke_template)

    def _add(self, method: str, rule: str, function: Callable[..., Answer]) -> None:
        self._app.route(rule, method)(function)
        self._rules.append((method, re.compile(re.sub(r"<\w+>", "[^/]+", rule))))

    def put_source(self, customer_id: str) -> Answer:
        """PUT /customers/{customer_id}/source."""
        self._caller().act_for(customer_id)
        body = SourceBody.of(self._event)
        source = self._use.register_source(customer_id, body.url, body.key.get_secret_value())
        return _json(views.source_view(source))

    def create_clone(self) -> Answer:
        """POST /clones: 202 for a new one, 200 for the same live one again."""
        request = CloneBody.of(self._event).request()
        self._caller().act_for(request.customer_id)
        admission = self._use.request_clone(request)
        status = HTTPStatus.ACCEPTED if admission.new else HTTPStatus.OK
        view = self._view(admission.clone)
        return _json(view, status, {"Location": f"/clones/{admission.clone.clone_id}"})

    def get_clone(self, clone_id: str) -> Answer:
        """GET /clones/{clone_id}."""
        clone = self._use.get_clone(clone_id, self._caller().customer_id)
        return _json(self._view(clone))

    def list_clones(self) -> Answer:
        """GET /clones?customer_id=&limit=&cursor=."""
        query: Mapping[str, str] = self._event.get("queryStringParameters") or {}
        caller = self._caller()
        customer_id = query.get("customer_id") or caller.customer_id
        if customer_id is None:
            raise InvalidRequest("Say whose clones: GET /clones?customer_id=...")
        caller.act_for(check_customer(customer_id))
        found, cursor = self._use.list_clones(
            customer_id, limit=page_size(query.get("limit")), cursor=query.get("cursor") or None
        )
        return _json(views.clones_view([self._view(clone) for clone in found], cursor))

    def extend_clone(self, clone_id: str) -> Answer:
        """POST /clones/{clone_id}/extend."""
        minutes = ExtendBody.of(self._event).minutes()
        clone = self._use.extend_clone(clone_id, minutes, self._caller().customer_id)
        return _json(self._view(clone))

    def log_in(self, clone_id: str) -> Answer:
        """POST /clones/{clone_id}/login."""
        login = self._use.issue_login(clone_id, self._caller().customer_id)
        return _json(
            views.login_view(clone_id, login, self._addresses), headers={"Cache-Control": "no-store"}
        )

    def release_clone(self, clone_id: str) -> Answer:
        """DELETE /clones/{clone_id}: 204, also when repeated."""
        self._use.release_clone(clone_id, self._caller().customer_id)
        return Response(HTTPStatus.NO_CONTENT)

    def get_fidelity(self, clone_id: str) -> Answer:
        """GET /clones/{clone_id}/fidelity."""
        return _json(views.fidelity_view(*self._use.get_fidelity(clone_id, self._caller().customer_id)))

    def outbound(self, clone_id: str) -> Answer:
        """GET /clones/{clone_id}/outbound."""
        found = self._use.get_outbound(clone_id, self._caller().customer_id)
        return _json(views.outbound_view(clone_id, found))

    def get_pool(self) -> Answer:
        """GET /pool."""
        self._caller().operate()
        return _json(views.pool_view(self._use.describe_pool()))

    def get_pod(self, pod_name: str) -> Answer:
        """GET /pool/pods/{pod_name}."""
        self._caller().operate()
        return _json(views.pod_view(self._use.describe_pod(pod_name)))

    def list_pods(self) -> Answer:
        """GET /pool/pods?state=."""
        self._caller().operate()
        query: Mapping[str, str] = self._event.get("queryStringParameters") or {}
        return _json(views.pods_view(self._use.list_pods(query.get("state") or None)))

    def release_pod(self, pod_name: str) -> Answer:
        """DELETE /pool/pods/{pod_name}: 204, also when repeated; a quarantined pod only."""
        self._caller().operate()
        self._use.release_pod(pod_name)
        return Response(HTTPStatus.NO_CONTENT)

    def revoke_template(self, template_hash: str) -> Answer:
        """DELETE /pool/templates/{template_hash}: 204, also when repeated."""
        self._caller().operate()
        self._use.revoke_template(template_hash)
        return Response(HTTPStatus.NO_CONTENT)

    def _view(self, clone: Clone) -> views.View:
        return views.clone_view(clone, self._addresses, self._use.access_token(clone))

    @property
    def _event(self) -> dict[str, Any]:
        return self._app.current_event.raw_event

    def _caller(self) -> Caller:
        return Caller.of(self._event, self._customer_claim)

    def _expected(self, error: ClonepoolError) -> Answer:
        """A lost race has no answer of its own for a caller: the same request may be sent again at once."""
        if isinstance(error, LostRace):
            error = StoreBusy("Somebody else changed this at the same moment; send the request again.")
        self._logger.info("request refused", code=error.code, status=error.status)
        return problem(error)

    def _unexpected(self, error: Exception) -> Answer:
        self._logger.exception("request failed", error=type(error).__name__)
        return problem(ClonepoolError("Something went wrong on our side; try again, then tell the operator."))

    def _no_route(self, _: NotFoundError) -> Answer:
        path = self._app.current_event.path
        allowed = sorted({method for method, rule in self._rules if rule.fullmatch(path)})
        if not allowed:
            return problem(
                NotFound(f"There is nothing at {path[:100]}; the API is described in docs/api.md.")
            )
        answer = problem(MethodNotAllowed(f"{path[:100]} is there, but only for {' and '.join(allowed)}."))
        answer.headers["Allow"] = ", ".join(allowed)
        return answer


def _json(
    view: views.View, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Answer:
    return Response(status, "application/json", json.dumps(view, separators=(",", ":")), headers)
