"""A firm that was there before Tricord: vendors with a past, and a home that knows nothing yet."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.core.commands import Priority
from tricord.core.ids import Kind
from tricord.engine.clock import SystemClock
from tricord.engine.connection import Connection
from tricord.engine.wire import NetworkSender
from tricord.sandbox.hubspot.box import HubSpotBox
from tricord.sandbox.stripe.box import StripeBox
from tricord.sdk.talk import Request, Response, Wire
from tricord.store import imports
from tricord.store.database import Tx

T = TypeVar("T")
UNTIL = datetime(2026, 9, 30, tzinfo=UTC)
"""Before the go-live of the agency's policy."""


@dataclass(slots=True)
class Past:
    """`home` has a policy and secrets, and has never done anything."""

    home: Home
    stage: Stage

    @property
    def hubspot(self) -> HubSpotBox:
        return cast(HubSpotBox, self.stage.boxes["hubspot"].box)

    @property
    def stripe(self) -> StripeBox:
        return cast(StripeBox, self.stage.boxes["stripe"].box)

    def writes(self) -> dict[str, int]:
        """Every call by which something was changed at a vendor, by the vendors' own count."""
        hubspot = {
            route: count
            for route, count in self.hubspot.gate.by_route.items()
            if not route.startswith("GET ") and not route.endswith(("/search", "/batch/read"))
        }
        stripe = {r: count for r, count in self.stripe.door.calls.items() if r[:4] != "GET "}
        return hubspot | stripe

    def look(self, work: Callable[[Tx], T]) -> T:
        """`work` in a transaction on the home's database."""
        database = self.home.open_database()
        try:
            return database.run(work, SystemClock().now())
        finally:
            database.close()

    def pages(self) -> int:
        """How many pages were listed so far, by the vendors' own count."""
        lists: Mapping[str, int] = self.hubspot.gate.by_route | self.stripe.door.calls
        return sum(count for route, count in lists.items() if route in LISTS)

    def there(self) -> dict[Kind, set[str]]:
        """What the vendors hold, by the ids they gave it."""
        tables, portal = self.stripe.account.tables, self.hubspot.portal
        return {
            **{
                kind: set(portal._records[name])
                for kind, name in (
                    (Kind.COMPANY, "companies"),
                    (Kind.CONTACT, "contacts"),
                    (Kind.DEAL, "deals"),
                )
            },
            **{
                kind: set(tables[str(kind)])
                for kind in (
                    Kind.CUSTOMER,
                    Kind.INVOICE,
                    Kind.REFUND,
                    Kind.DISPUTE,
                    Kind.CREDIT_NOTE,
                )
            },
        }


LISTS = (
    "GET /crm/objects/companies",
    "GET /crm/objects/contacts",
    "GET /crm/objects/deals",
    "GET /v1/customers",
    "GET /v1/invoices",
    "GET /v1/refunds",
    "GET /v1/disputes",
    "GET /v1/credit_notes",
)


def here(tx: Tx) -> dict[Kind, set[str]]:
    """What the home holds of each kind that is imported, by the vendors' ids."""
    found: dict[Kind, set[str]] = {}
    for one in imports.every(tx):
        found[one.kind] = set(imports.ids_of(tx, one.connection, one.kind))
    return found


@contextlib.asynccontextmanager
async def past(folder: Path, clients: int, hub_url: str | None = None) -> AsyncIterator[Past]:
    async with running_stage(hub_url, seed=7) as stage:
        home = Home(folder)
        home.make()
        home.policy_path.write_text(demo_policy(stage, "1 second"))
        home.secrets_path.touch(mode=0o600)
        home.secrets_path.write_text(demo_secrets(stage))
        made = Past(home=home, stage=stage)
        made.hubspot.fill(clients, UNTIL)
        made.stripe.fill(clients, UNTIL)
        yield made


class Meddling:
    """The real wire, with some answers changed on their way: a vendor that is not as it should."""

    def __init__(self, inner: NetworkSender, change: Callable[[str, Any], Any]) -> None:
        """`change` is given the path of a request and its answer's JSON."""
        self._inner = inner
        self._change = change

    async def send(
        self, connection: Connection, wire: Wire, priority: Priority = Priority.NEWS
    ) -> Response:
        answer = await self._inner.send(connection, wire, priority)
        if not isinstance(wire, Request):
            return answer
        body = self._change(wire.path, json.loads(answer.body))
        return replace(answer, body=json.dumps(body).encode())
