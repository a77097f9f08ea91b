"""An account with a past: companies, people and deals that were there before anyone listened."""

from datetime import datetime

from tricord.sandbox.clients import Client, client
from tricord.sandbox.hubspot.crm.kinds import kind_named
from tricord.sandbox.hubspot.crm.portal import Portal


def fill(portal: Portal, clients: int, until: datetime) -> None:
    """Make this many clients, without a word to those who listen."""
    clock = portal.clock
    portal.clock = lambda: until
    try:
        for number in range(clients):
            _make(portal, client(number, until))
            portal.news.drain()
    finally:
        portal.clock = clock


def _make(portal: Portal, one: Client) -> None:
    person, made = portal.person(), one.visits[0][1]
    companies, contacts = kind_named("companies"), kind_named("contacts")
    company = portal.create(companies, {"name": one.company, "domain": one.domain}, person, at=made)
    named = {"firstname": one.first, "lastname": one.last, "email": one.email}
    contact = portal.create(contacts, named, person, at=made)
    stage = one.visits[0][0]
    properties = {
        "dealname": one.deal,
        "dealstage": stage,
        "amount": str(one.amount),
        "service_type": "project",
    }
    deal = portal.create(portal.deals, properties, person, at=made)
    for stage, at in one.visits[1:]:
        portal.update(deal, {"dealstage": stage}, person, at=at)
    for here, there in ((contact, company), (deal, company), (deal, contact)):
        link = portal.links.default_type(here.kind, there.kind)
        portal.link(here.kind, here.id, there.kind, there.id, link, person)
