"""HubSpot as one box: its account, its interface, its pages, and what tests may turn."""

from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.faults.fault import Shows
from tricord.sandbox.hubspot.api.gate import Gate
from tricord.sandbox.hubspot.api.routes import Interface
from tricord.sandbox.hubspot.api.tokens import Tokens
from tricord.sandbox.hubspot.api.versions import AnyVersion
from tricord.sandbox.hubspot.books import ledger_of
from tricord.sandbox.hubspot.crm.defaults import install_demo
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.dialect import hubspot_dialect
from tricord.sandbox.hubspot.hooks import Hooks
from tricord.sandbox.hubspot.inside import state_of
from tricord.sandbox.hubspot.page.consent import ConsentPages
from tricord.sandbox.hubspot.page.desk import Desk
from tricord.sandbox.hubspot.page.views import Views
from tricord.sandbox.hubspot.seeding import fill
from tricord.sandbox.ledger import Entry
from tricord.sandbox.outbox import Outbox


class HubSpotBox:
    """A HubSpot account with one private app, kept in memory."""

    name = "hubspot"
    title = "HubSpot"

    def __init__(self, settings: Settings) -> None:
        self.outbox = Outbox()
        self.portal = Portal(settings.clock, settings.dice)
        self.faults = settings.faults
        self.tokens = Tokens(settings.clock, settings.dice, settings.faults)
        self.dialect = hubspot_dialect(self.tokens)
        self.gate = Gate(clock=settings.clock, tokens=self.tokens)
        self.hooks = Hooks(self.portal, self.outbox, self.tokens.client_secret, settings.hook_url)
        self.app = Starlette(
            routes=[
                *control_routes(self.outbox, self.state),
                *Desk(self.portal, self.gate, self.hooks).routes(),
                *ConsentPages(self.tokens, self.portal.portal_id).routes(),
                *Interface(self.portal, self.gate, self.hooks, settings.faults).routes(),
                *Views(self.portal).routes(),
            ],
            middleware=[Middleware(AnyVersion)],
            exception_handlers={404: _not_found, 405: _not_found},
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": self.tokens.token, "webhook_secret": self.tokens.client_secret}

    @property
    def requests_per_ten_seconds(self) -> int | None:
        return self.gate.requests_per_ten_seconds

    @requests_per_ten_seconds.setter
    def requests_per_ten_seconds(self, most: int | None) -> None:
        self.gate.requests_per_ten_seconds = most

    @property
    def search_lag_seconds(self) -> float:
        return self.portal.index.lag_seconds

    @search_lag_seconds.setter
    def search_lag_seconds(self, seconds: float) -> None:
        self.portal.index.lag_seconds = seconds

    def demo_schema(self) -> None:
        """Adds the demo firm's own deal properties: service type, terms, retainer, renewal."""
        install_demo(self.portal.schema, self.portal.deals, self.portal.now())

    def fill(self, clients: int, until: datetime) -> None:
        """Clients from before anyone listened: company, contact and a deal with its history."""
        fill(self.portal, clients, until)

    def state(self) -> dict[str, Any]:
        return state_of(self.portal, self.gate)

    def ledger(self) -> list[Entry]:
        return ledger_of(self.portal)

    def lapse(self, shows: Shows) -> None:
        self.hooks.lapse(shows)

    async def start(self, host: str, port: int) -> None:
        """Nothing but HTTP here."""

    async def stop(self) -> None:
        """Nothing was opened."""


async def _not_found(request: Request, _: Exception) -> Response:
    body = {"status": "error", "message": f"No path matches {request.method} {request.url.path}"}
    return JSONResponse(body, status_code=404)
