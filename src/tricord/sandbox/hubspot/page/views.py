"""The pages: the deal board, and one deal with its timeline."""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tricord.sandbox.hubspot.crm.kinds import KINDS, kind_named
from tricord.sandbox.hubspot.crm.pipelines import Stage
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import Record
from tricord.sandbox.hubspot.crm.refusals import Refusal
from tricord.sandbox.hubspot.crm.schema import Property
from tricord.sandbox.hubspot.crm.values import instant_of

_TOLD_BY = {
    "notes": (None, ("hs_note_body",)),
    "emails": ("hs_email_subject", ("hs_email_text", "hs_email_html")),
    "tasks": ("hs_task_subject", ("hs_task_body",)),
    "calls": ("hs_call_title", ("hs_call_body",)),
    "communications": ("hs_communication_channel_type", ("hs_communication_body",)),
    "meetings": ("hs_meeting_title", ("hs_meeting_body",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on a deal's timeline."""

    kind: str
    title: str
    text: str
    at: datetime


class Views:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters |= {"money": _money, "when": _when}

    def routes(self) -> list[Route]:
        return [Route("/", self._board), Route("/deals/{id}", self._deal)]

    async def _board(self, request: Request) -> Response:
        deals = self._portal.records(self._portal.deals)
        pipeline = self._portal.pipelines.all()[0]
        columns = [
            (stage, [self._card(one) for one in deals if _stands_in(one, stage)])
            for stage in pipeline.in_order()
        ]
        return self._page(
            "board.html",
            request,
            columns=columns,
            stages=pipeline.in_order(),
            count=len(deals),
            asked_for=self._own_properties(by_people=True),
        )

    async def _deal(self, request: Request) -> Response:
        try:
            deal = self._portal.record(self._portal.deals, request.path_params["id"])
        except Refusal:
            return HTMLResponse("This deal does not exist.", status_code=404)
        definitions = {one.name: one for one in self._portal.schema.properties(deal.kind)}
        return self._page(
            "deal.html",
            request,
            deal=self._card(deal),
            stages=self._portal.pipelines.pipeline(deal.values["pipeline"]).in_order(),
            timeline=self._timeline(deal),
            moves=[
                (self._portal.pipelines.stage(past.value), past)
                for past in deal.history.get("dealstage", [])
            ],
            companies=self._partners(deal, "companies"),
            contacts=self._partners(deal, "contacts"),
            properties=[
                (definitions[name].label, name, value)
                for name, value in sorted(deal.values.items())
                if name in definitions and definitions[name].hubspot_defined
            ],
        )

    def _card(self, deal: Record) -> dict[str, Any]:
        companies = self._partners(deal, "companies")
        return {
            "id": deal.id,
            "name": deal.values.get("dealname", "Untitled"),
            "amount": deal.values.get("amount"),
            "currency": deal.values.get("deal_currency_code", ""),
            "stage": deal.values.get("dealstage"),
            "company": companies[0].values.get("name", "") if companies else "",
            "own": [
                (one.label, deal.values[one.name])
                for one in self._own_properties()
                if one.name in deal.values
            ],
        }

    def _own_properties(self, *, by_people: bool = False) -> list[Property]:
        """Properties that HubSpot did not bring along; an app's stand in a group of their own."""
        return [
            one
            for one in self._portal.schema.properties(self._portal.deals)
            if not one.hubspot_defined and (one.group == "dealinformation" or not by_people)
        ]

    def _partners(self, deal: Record, name: str) -> list[Record]:
        kind = kind_named(name)
        found = (self._portal.find(kind, other) for other, _ in self._portal.partners(deal, kind))
        return [one for one in found if one is not None]

    def _timeline(self, deal: Record) -> list[Entry]:
        entries = [
            _entry(one)
            for kind in KINDS
            if kind.engagement
            for one in self._partners(deal, kind.name)
        ]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    def _page(self, name: str, request: Request, **known: Any) -> Response:
        page = self._pages.get_template(name)
        problem = request.query_params.get("problem")
        return HTMLResponse(page.render(problem=problem, portal_id=self._portal.portal_id, **known))


def _stands_in(deal: Record, stage: Stage) -> bool:
    return deal.values.get("dealstage") == stage.id


def _entry(record: Record) -> Entry:
    title_from, texts_from = _TOLD_BY[record.kind.name]
    text = next((record.values[name] for name in texts_from if name in record.values), "")
    return Entry(
        kind=record.kind.singular,
        title=record.values.get(title_from, "") if title_from else "",
        text=_plain(text),
        at=instant_of(record.values["hs_timestamp"]),
    )


def _plain(text: str) -> str:
    """Bodies are HTML; the page shows their words only."""
    broken = re.sub(r"(?i)<br\s*/?>|</p>|</div>|</li>", "\n", text)
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).strip()


def _money(amount: str | None, currency: str = "") -> str:
    return f"{Decimal(amount):,.2f} {currency}".strip() if amount else "No amount"


def _when(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M}"
