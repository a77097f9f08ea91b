"""Stripe in a box: one account of Stripe's billing API, stateful and signed, over real HTTP."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tricord.sandbox.box import Settings
from tricord.sandbox.control import control_routes
from tricord.sandbox.faults.fault import Shows
from tricord.sandbox.ledger import Entry
from tricord.sandbox.outbox import Outbox
from tricord.sandbox.stripe import endpoints
from tricord.sandbox.stripe.account import open_account
from tricord.sandbox.stripe.billing import invoice_payments, settlement
from tricord.sandbox.stripe.billing.passing import pass_time
from tricord.sandbox.stripe.books import ledger_of
from tricord.sandbox.stripe.dialect import stripe_dialect
from tricord.sandbox.stripe.pages import board, controls
from tricord.sandbox.stripe.routes import SearchLag, api
from tricord.sandbox.stripe.seeding import fill
from tricord.sandbox.stripe.wire.dispatch import FrontDoor

_TICK_SECONDS = 0.25


class StripeBox:
    """A `Box`. Its switches are attributes here and settings at `POST /_sandbox/stripe`."""

    name = "stripe"
    title = "Stripe"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outbox = Outbox()
        self.account, self.api_key = open_account(settings, self.outbox)
        self.faults = settings.faults
        self.dialect = stripe_dialect(self.account)
        self._lag = SearchLag(1.0, settings.faults)
        self.door = FrontDoor(self.account, self.api_key, api(self._lag))
        self._ticking: asyncio.Task[None] | None = None
        self.account.follow("payment_intent.succeeded", settlement.intent_succeeded)
        self.account.follow("payment_intent.payment_failed", settlement.intent_failed)
        self.account.follow("payment_intent.requires_action", settlement.intent_asks)
        self.account.follow("payment_intent.canceled", invoice_payments.canceled_with_intent)
        self.app = Starlette(
            routes=[
                Route("/v1/{path:path}", self._api, methods=["GET", "POST", "DELETE"]),
                Route("/v2/{path:path}", self._api, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/stripe", self._switches, methods=["POST"]),
                *control_routes(self.outbox, self.state),
                *controls.routes(self.account),
                *board.routes(self.account),
            ]
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"api_key": self.api_key, "webhook_secret": self.account.webhook_secret}

    @property
    def search_lag_seconds(self) -> float:
        """How long search does not see a change, by the box's clock."""
        return self._lag.seconds

    @search_lag_seconds.setter
    def search_lag_seconds(self, seconds: float) -> None:
        self._lag.seconds = seconds

    @property
    def thin(self) -> bool:
        """Whether the box's own endpoint gets thin notifications instead of snapshots."""
        return self.account.thin

    @thin.setter
    def thin(self, thin: bool) -> None:
        self.account.thin = thin

    def fill(self, clients: int, until: datetime) -> None:
        """Clients from before anyone listened: customers with invoices and what became of them."""
        fill(self.account, clients, until)

    def state(self) -> dict[str, Any]:
        pass_time(self.account)
        tables = self.account.tables
        shown = {
            "customers": "customer",
            "invoices": "invoice",
            "payments": "invoice_payment",
            "refunds": "refund",
            "disputes": "dispute",
            "credit_notes": "credit_note",
        }
        return {
            **{name: list(tables[kind].values()) for name, kind in shown.items()},
            "events": len(self.account.recorded()),
            "calls": {
                "total": self.door.calls.total(),
                "by_route": dict(sorted(self.door.calls.items())),
            },
            "sent_emails": list(self.account.emails),
        }

    def ledger(self) -> list[Entry]:
        return ledger_of(self.account)

    def lapse(self, shows: Shows) -> None:
        endpoints.lapse(self.account, shows)

    async def start(self, host: str, port: int) -> None:  # noqa: ARG002 - nothing but HTTP here
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking

    async def _tick(self) -> None:
        while True:
            pass_time(self.account)
            await asyncio.sleep(_TICK_SECONDS)

    async def _api(self, request: Request) -> Response:
        pass_time(self.account)
        return await self.door(request)

    async def _switches(self, request: Request) -> Response:
        wanted = await request.json()
        known = {"search_lag_seconds", "thin", "latency_seconds", "public_url"}
        if unknown := set(wanted) - known:
            message = f"unknown settings: {sorted(unknown)}"
            return JSONResponse({"error": message}, status_code=400)
        if "search_lag_seconds" in wanted:
            self.search_lag_seconds = float(wanted["search_lag_seconds"])
        if "thin" in wanted:
            self.thin = bool(wanted["thin"])
        if "latency_seconds" in wanted:
            self.door.latency_seconds = float(wanted["latency_seconds"])
        if "public_url" in wanted:
            self.account.public_url = wanted["public_url"]
        return JSONResponse(
            {
                "search_lag_seconds": self.search_lag_seconds,
                "thin": self.thin,
                "latency_seconds": self.door.latency_seconds,
                "public_url": self.account.public_url,
            }
        )
