"""HubSpot, declared: access, limits, signature, and what it takes. API version 2026-03."""

from tricord.connectors.hubspot.act import log_activity, update_record
from tricord.connectors.hubspot.errors import explain
from tricord.connectors.hubspot.pages import company_pages, contact_pages, deal_pages
from tricord.connectors.hubspot.parse import delivery_id, parse
from tricord.connectors.hubspot.read import (
    changes,
    read_company,
    read_contact,
    read_deal,
    schema,
    since,
)
from tricord.core.commands import LogActivity, UpdateRecord
from tricord.core.ids import Kind
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Once, Setting, Verb
from tricord.sdk.oauth import OAuth
from tricord.sdk.signing import request_base64
from tricord.sdk.talk import Reading, get


def _probe(access: Access) -> Reading:
    yield get("/crm/pipelines/2026-03/deals")
    nothing: tuple[Record, ...] = ()
    return nothing


def _headers(access: Access) -> tuple[tuple[str, str], ...]:
    token = access.text("access_token") or access.text("token")
    return (("Authorization", f"Bearer {token}"),) if token else ()


CONNECTOR = Connector(
    name="hubspot",
    title="HubSpot",
    base_url="https://api.hubapi.com",
    settings=(
        Setting(
            name="token",
            label="Private app token",
            help="Settings > Integrations > Private apps. Scopes: crm.objects.deals, contacts and "
            "companies (read and write), crm.schemas of the same (read and write)",
            pattern=r"pat-[a-z0-9]+-.+",
            required=False,
        ),
        Setting(
            name="client_id",
            label="OAuth app: client id",
            help="Instead of a token: the id on the app's Auth page; then run tricord connect",
            secret=False,
            required=False,
        ),
        Setting(
            name="client_secret",
            label="OAuth app: client secret",
            help="Instead of a token: the secret on the app's Auth page",
            required=False,
        ),
        Setting(
            name="webhook_secret",
            label="App client secret",
            help="The secret HubSpot signs webhooks with, on the app's Auth page",
        ),
    ),
    limits=Limits(at_once=8, per_second=12.0, burst=60),
    buckets={"search": Limits(at_once=4, per_second=4.0, burst=4)},
    verbs={
        UpdateRecord: Verb(once=Once.NATURAL, act=update_record),
        LogActivity: Verb(once=Once.NATURAL, act=log_activity),
    },
    headers=_headers,
    explain=explain,
    probe=_probe,
    signature=request_base64("X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"),
    delivery_id=delivery_id,
    parse=parse,
    reads={
        Kind.DEAL: read_deal,
        Kind.CONTACT: read_contact,
        Kind.COMPANY: read_company,
    },
    listing=changes,
    since=since,
    pages={
        Kind.COMPANY: company_pages,
        Kind.CONTACT: contact_pages,
        Kind.DEAL: deal_pages,
    },
    schema=schema,
    oauth=OAuth(
        consent_url="https://app.hubspot.com/oauth/authorize",
        token_path="/oauth/2026-03/token",  # noqa: S106 - a path
        scopes=(
            "oauth",
            *(
                f"crm.{area}.{kind}.{verb}"
                for area in ("objects", "schemas")
                for kind in ("deals", "contacts", "companies")
                for verb in ("read", "write")
            ),
        ),
    ),
    either=(("token",), ("client_id", "client_secret")),
)
