"""A firm that was there before Tricord: vendors with a past, and a home that knows nothing yet."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from tricord.app.demo import Stage, demo_policy, demo_secrets, running_stage
from tricord.app.home import Home
from tricord.core.ids import Kind
from tricord.sandbox.hubspot.box import HubSpotBox
from tricord.sandbox.stripe.box import StripeBox
from tricord.store import imports
from tricord.store.database import Tx

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
