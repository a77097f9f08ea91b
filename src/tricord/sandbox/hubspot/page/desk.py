"""What a person does in HubSpot's own pages, and what a test turns, under /_sandbox/."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tricord.sandbox.hubspot.api.gate import Gate
from tricord.sandbox.hubspot.crm.kinds import kind_named
from tricord.sandbox.hubspot.crm.portal import Portal
from tricord.sandbox.hubspot.crm.records import Record
from tricord.sandbox.hubspot.crm.refusals import Refusal, invalid
from tricord.sandbox.hubspot.crm.values import instant_of
from tricord.sandbox.hubspot.hooks import Hooks

Fields = dict[str, Any]
Act = Callable[[dict[str, str], Fields], Fields]

_NEW_DEAL = ("name", "company", "contact_email", "contact_name", "stage", "at")


class Desk:
    """JSON posts answer JSON; posts of a form go back to the page they came from."""

    def __init__(self, portal: Portal, gate: Gate, hooks: Hooks) -> None:
        self._portal = portal
        self._gate = gate
        self._hooks = hooks

    def routes(self) -> list[Route]:
        rows: tuple[tuple[str, Act], ...] = (
            ("/_sandbox/hubspot", self._turn),
            ("/_sandbox/deals", self._new_deal),
            ("/_sandbox/deals/{id}/stage", self._move),
            ("/_sandbox/{type}/{id}", self._edit),
        )
        return [Route(path, self._posted(act), methods=["POST"]) for path, act in rows]

    def _turn(self, _: dict[str, str], fields: Fields) -> Fields:
        known = {"search_lag_seconds", "requests_per_ten_seconds", "redirect_uris"}
        unknown = set(fields) - known
        if unknown:
            raise invalid(f"unknown settings: {sorted(unknown)}")
        if "search_lag_seconds" in fields:
            self._portal.index.lag_seconds = float(fields["search_lag_seconds"])
        if "requests_per_ten_seconds" in fields:
            most = fields["requests_per_ten_seconds"]
            self._gate.requests_per_ten_seconds = None if most in (None, "") else int(most)
        if "redirect_uris" in fields:
            self._gate.tokens.redirect_uris = [str(one) for one in fields["redirect_uris"]]
        return {
            "redirect_uris": self._gate.tokens.redirect_uris,
            "search_lag_seconds": self._portal.index.lag_seconds,
            "requests_per_ten_seconds": self._gate.requests_per_ten_seconds,
        }

    def _new_deal(self, _: dict[str, str], fields: Fields) -> Fields:
        """Company and contact are found by name and address, or created, then the deal."""
        portal, at = self._portal, _at(fields)
        if not fields.get("name"):
            raise invalid("A deal needs a name")
        stage = fields.get("stage") or portal.pipelines.all()[0].in_order()[0].id
        own = {name: value for name, value in fields.items() if name not in _NEW_DEAL}
        properties = {"dealname": fields["name"], "dealstage": stage, **own}
        portal.check(portal.deals, properties)
        company = self._company(str(fields.get("company") or "").strip(), at)
        contact = self._contact(fields, company, at)
        person = portal.person()
        deal = portal.create(portal.deals, properties, person, at=at)
        for partner in (company, contact):
            if partner is not None:
                link = portal.links.default_type(portal.deals, partner.kind)
                portal.link(portal.deals, deal.id, partner.kind, partner.id, link, person)
        return {
            "id": deal.id,
            "company_id": company.id if company else None,
            "contact_id": contact.id if contact else None,
        }

    def _move(self, path: dict[str, str], fields: Fields) -> Fields:
        deal = self._portal.record(self._portal.deals, path["id"])
        stage = fields.get("stage")
        if not stage:
            raise invalid("A stage is needed")
        changed = self._portal.update(
            deal, {"dealstage": stage}, self._portal.person(), at=_at(fields)
        )
        return {"id": deal.id, "changed": changed}

    def _edit(self, path: dict[str, str], fields: Fields) -> Fields:
        record = self._portal.record(kind_named(path["type"]), path["id"])
        at = _at(fields)
        given = {name: value for name, value in fields.items() if name != "at"}
        properties = given.get("properties", given)
        changed = self._portal.update(record, properties, self._portal.person(), at=at)
        return {"id": record.id, "changed": changed}

    def _company(self, name: str, at: datetime | None) -> Record | None:
        companies = kind_named("companies")
        if not name:
            return None
        for known in self._portal.records(companies):
            if known.values.get("name", "").lower() == name.lower():
                return known
        return self._portal.create(companies, {"name": name}, self._portal.person(), at=at)

    def _contact(
        self, fields: Fields, company: Record | None, at: datetime | None
    ) -> Record | None:
        portal, contacts = self._portal, kind_named("contacts")
        email = str(fields.get("contact_email") or "").strip()
        if not email:
            return None
        known = portal.find(contacts, email, "email")
        if known is not None:
            return known
        first, _, last = str(fields.get("contact_name") or "").strip().partition(" ")
        named = {"firstname": first, "lastname": last, "email": email}
        properties = {name: value for name, value in named.items() if value}
        new = portal.create(contacts, properties, portal.person(), at=at)
        if company is not None:
            link = portal.links.default_type(contacts, company.kind)
            portal.link(contacts, new.id, company.kind, company.id, link, portal.person())
        return new

    def _posted(self, act: Act) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            kind = request.headers.get("content-type", "")
            form = kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))
            if form:
                sent = {name: str(value) for name, value in (await request.form()).items()}
            else:
                sent = await request.json()
            back = sent.pop("back", "/") if form else "/"
            given = {name: value for name, value in sent.items() if not (form and value == "")}
            try:
                done = act(request.path_params, given)
            except Refusal as refusal:
                if form:
                    return _to(back, problem=refusal.message)
                return JSONResponse(refusal.body("sandbox"), status_code=refusal.status)
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
            finally:
                self._hooks.send()
            return _to(back) if form else JSONResponse(done)

        return answer


def _at(fields: Fields) -> datetime | None:
    said = fields.get("at")
    if said in (None, ""):
        return None
    return instant_of(str(said))


def _to(back: str, **query: str) -> Response:
    # Only pages of this box: never `//elsewhere`.
    target = back if back.startswith("/") and not back.startswith("//") else "/"
    return RedirectResponse(f"{target}?{urlencode(query)}" if query else target, status_code=303)
