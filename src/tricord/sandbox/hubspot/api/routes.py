"""The whole interface in one table, and the way each request is answered."""

import json
from collections.abc import Callable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tricord.sandbox.faults.faults import Faults
from tricord.sandbox.hubspot.api.app_settings import OAuth, WebhookSettings
from tricord.sandbox.hubspot.api.associations import Associations
from tricord.sandbox.hubspot.api.batches import Batches
from tricord.sandbox.hubspot.api.call import Answer, Call
from tricord.sandbox.hubspot.api.gate import Gate
from tricord.sandbox.hubspot.api.objects import Objects
from tricord.sandbox.hubspot.api.owners import OwnerPages
from tricord.sandbox.hubspot.api.pipelines import PipelinePages
from tricord.sandbox.hubspot.api.properties import Properties
from tricord.sandbox.hubspot.api.searches import Searches
from tricord.sandbox.hubspot.crm.kinds import kind_named
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid
from tricord.sandbox.hubspot.hooks import Hooks

Answering = Callable[[Call], Answer]


class Interface:
    """Answers HubSpot's HTTP interface for one account."""

    def __init__(self, portal: Portal, gate: Gate, hooks: Hooks, faults: Faults) -> None:
        self._portal = portal
        self._gate = gate
        self._hooks = hooks
        self._faults = faults

    def routes(self) -> list[Route]:
        """Narrow paths before wide ones: the first match answers."""
        rows = (*self._crm(), *self._app())
        return [
            Route(path, self._answered(path, does), methods=[method]) for method, path, does in rows
        ]

    def _crm(self) -> list[tuple[str, str, Answering]]:
        objects, batches = Objects(self._portal), Batches(self._portal)
        links, searches = Associations(self._portal), Searches(self._portal, self._faults)
        properties, pipelines = Properties(self._portal), PipelinePages(self._portal)
        owners = OwnerPages(self._portal)
        one, pair = "/crm/objects/{type}", "/crm/associations/{from_type}/{to_type}"
        linked = "/crm/objects/{from_type}/{id}/associations"
        schema, group = "/crm/properties/{type}", "/crm/properties/{type}/groups"
        pipeline = "/crm/pipelines/{type}/{pipeline}"
        return [
            ("POST", f"{one}/search", searches.search),
            ("POST", f"{one}/batch/read", batches.read),
            ("POST", f"{one}/batch/create", batches.create),
            ("POST", f"{one}/batch/update", batches.update),
            ("POST", f"{one}/batch/upsert", batches.upsert),
            ("POST", f"{one}/batch/archive", batches.archive),
            ("POST", f"{one}/merge", objects.merge),
            ("POST", f"{one}/gdpr-delete", objects.forget),
            ("GET", one, objects.page),
            ("POST", one, objects.create),
            ("GET", f"{one}/{{id}}", objects.read),
            ("PATCH", f"{one}/{{id}}", objects.change),
            ("DELETE", f"{one}/{{id}}", objects.archive),
            ("PUT", f"{linked}/default/{{to_type}}/{{to_id}}", links.associate_default),
            ("GET", f"{linked}/{{to_type}}", links.of_record),
            ("PUT", f"{linked}/{{to_type}}/{{to_id}}", links.associate),
            ("DELETE", f"{linked}/{{to_type}}/{{to_id}}", links.dissociate),
            ("POST", f"{pair}/batch/associate/default", links.batch_default),
            ("POST", f"{pair}/batch/create", links.batch_create),
            ("POST", f"{pair}/batch/read", links.batch_read),
            ("POST", f"{pair}/batch/archive", links.batch_archive),
            ("GET", f"{pair}/labels", links.labels),
            ("GET", group, properties.groups),
            ("POST", group, properties.create_group),
            ("GET", f"{group}/{{name}}", properties.read_group),
            ("PATCH", f"{group}/{{name}}", properties.change_group),
            ("DELETE", f"{group}/{{name}}", properties.archive_group),
            ("POST", f"{schema}/batch/read", properties.batch_read),
            ("POST", f"{schema}/batch/create", properties.batch_create),
            ("POST", f"{schema}/batch/archive", properties.batch_archive),
            ("GET", schema, properties.page),
            ("POST", schema, properties.create),
            ("GET", f"{schema}/{{name}}", properties.read),
            ("PATCH", f"{schema}/{{name}}", properties.change),
            ("DELETE", f"{schema}/{{name}}", properties.archive),
            ("GET", "/crm/pipelines/{type}", pipelines.page),
            ("POST", "/crm/pipelines/{type}", pipelines.create),
            ("GET", pipeline, pipelines.read),
            ("PUT", pipeline, pipelines.replace),
            ("PATCH", pipeline, pipelines.change),
            ("DELETE", pipeline, pipelines.archive),
            ("GET", f"{pipeline}/stages", pipelines.stages),
            ("POST", f"{pipeline}/stages", pipelines.create_stage),
            ("GET", f"{pipeline}/stages/{{stage}}", pipelines.read_stage),
            ("PUT", f"{pipeline}/stages/{{stage}}", pipelines.change_stage),
            ("PATCH", f"{pipeline}/stages/{{stage}}", pipelines.change_stage),
            ("DELETE", f"{pipeline}/stages/{{stage}}", pipelines.archive_stage),
            ("GET", "/crm/owners", owners.page),
            ("GET", "/crm/owners/{id}", owners.read),
        ]

    def _app(self) -> list[tuple[str, str, Answering]]:
        oauth, webhooks = (
            OAuth(self._portal, self._gate.tokens),
            WebhookSettings(self._portal, self._hooks),
        )
        app = "/webhooks/{app}"
        return [
            ("POST", "/oauth/token", oauth.token),
            ("GET", "/oauth/access-tokens/{token}", oauth.access_token),
            ("GET", "/oauth/refresh-tokens/{token}", oauth.refresh_token),
            ("DELETE", "/oauth/refresh-tokens/{token}", oauth.forget),
            ("GET", f"{app}/settings", webhooks.read),
            ("PUT", f"{app}/settings", webhooks.change),
            ("DELETE", f"{app}/settings", webhooks.clear),
            ("POST", f"{app}/subscriptions/batch/update", webhooks.batch_change),
            ("GET", f"{app}/subscriptions", webhooks.page),
            ("POST", f"{app}/subscriptions", webhooks.subscribe),
            ("GET", f"{app}/subscriptions/{{subscription}}", webhooks.read_subscription),
            ("PATCH", f"{app}/subscriptions/{{subscription}}", webhooks.change_subscription),
            ("DELETE", f"{app}/subscriptions/{{subscription}}", webhooks.unsubscribe),
        ]

    def _answered(self, path: str, does: Answering) -> Callable[[Request], Any]:
        searching = path.endswith("/search")

        async def answer(request: Request) -> Response:
            raw = await request.body()
            correlation = f"{self._portal.dice.getrandbits(128):032x}"
            headers: dict[str, str] = {"X-HubSpot-Correlation-Id": correlation}
            try:
                self._gate.count(f"{request.method} {_route(path, request.path_params)}")
                self._admit(request, path, searching=searching)
                status, body = does(self._call(request, raw, await _read(request, raw)))
            except Refusal as refusal:
                status, body = refusal.status, refusal.body(correlation)
            finally:
                self._hooks.send()
            if not path.startswith("/oauth"):
                headers |= self._gate.headers(searching=searching)
            if body is None:
                return Response(status_code=status, headers=headers)
            return JSONResponse(body, status_code=status, headers=headers)

        return answer

    def _admit(self, request: Request, path: str, *, searching: bool) -> None:
        if path.startswith("/oauth"):
            return
        # The webhook settings belong to the developer, who may come with a key of their own.
        if path.startswith("/webhooks") and request.query_params.get("hapikey") == (
            self._gate.tokens.developer_key
        ):
            return
        self._gate.admit(request.headers.get("authorization"), searching=searching)

    def _call(self, request: Request, raw: bytes, body: Any) -> Call:
        asked = request.scope["state"]["asked_path"]
        return Call(
            path=dict(request.path_params),
            query=QueryParams(request.scope["query_string"]),
            body=body,
            size=len(raw),
            version=request.scope["state"]["version"],
            url=f"{request.url.scheme}://{request.url.netloc}{asked}",
            author=self._portal.app(),
        )


async def _read(request: Request, raw: bytes) -> Any:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {name: str(value) for name, value in (await request.form()).items()}
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise invalid("Invalid input JSON: the body could not be read") from None


def _route(path: str, params: dict[str, Any]) -> str:
    """The route with its kinds named and its ids left open, to count calls by."""
    for name in ("type", "from_type", "to_type"):
        if name in params:
            try:
                named = kind_named(params[name]).name
            except Refusal:
                named = params[name]
            path = path.replace(f"{{{name}}}", named)
    return path
