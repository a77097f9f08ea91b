"""Twilio, declared: access, limits, signature, and what it takes. API version 2010-04-01."""

import base64

from tricord.connectors.twilio import paths
from tricord.connectors.twilio.act import send_message
from tricord.connectors.twilio.errors import explain
from tricord.connectors.twilio.parse import delivery_id, parse
from tricord.connectors.twilio.read import changes, read_call, read_message
from tricord.core.commands import SendMessage
from tricord.core.ids import Kind
from tricord.core.records import Channel, Record
from tricord.sdk.connector import (
    Access,
    Acknowledgement,
    Connector,
    Limits,
    Once,
    Setting,
    Verb,
)
from tricord.sdk.signing import posted_form
from tricord.sdk.talk import Reading, get


def _probe(access: Access) -> Reading:
    yield get(paths.many(access, "Messages"), [("PageSize", "1")])
    nothing: tuple[Record, ...] = ()
    return nothing


def _headers(access: Access) -> tuple[tuple[str, str], ...]:
    """An API key where there is one: it can be revoked alone."""
    key, token = access.text("api_key_sid"), access.text("auth_token")
    pair = f"{key}:{access.text('api_key_secret')}" if key else ""
    login = pair or f"{access.text('account_sid')}:{token}"
    return (("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}"),)


CONNECTOR = Connector(
    name="twilio",
    title="Twilio",
    base_url="https://api.twilio.com",
    settings=(
        Setting(
            name="account_sid",
            label="Account SID",
            help="On the first page of the console, under Account Info. It is no secret",
            secret=False,
            pattern=r"AC[0-9a-fA-F]{32}",
        ),
        Setting(
            name="auth_token",
            label="Auth Token",
            help="Beside the Account SID. Callbacks are signed with it; two, separated by a comma "
            "with the primary one first, while it is replaced",
        ),
        Setting(
            name="sender",
            label="Sender",
            help="A number of the account in E.164, a short code, or a messaging service (MG...)",
            secret=False,
            pattern=r"\+[1-9][0-9]{4,14}|[0-9]{5,6}|MG[0-9a-fA-F]{32}|[A-Za-z][A-Za-z0-9 ]{0,10}",
        ),
        Setting(
            name="api_key_sid",
            label="API key SID",
            help="Account > API keys; requests are made with it instead of the Auth Token",
            secret=False,
            required=False,
            pattern=r"SK[0-9a-fA-F]{32}",
        ),
        Setting(
            name="api_key_secret",
            label="API key secret",
            help="Shown once, when the API key is made",
            required=False,
        ),
        Setting(
            name="shared_key_id",
            label="Shared key ID",
            help="Only where a webhook rule signs with a shared key by HMAC_SHA256; two, separated "
            "by a comma, while one is replaced",
            secret=False,
            required=False,
        ),
        Setting(
            name="shared_secret",
            label="Shared key secret",
            help="The secret of the shared key, in the same order as the IDs",
            required=False,
            named_by="shared_key_id",
        ),
    ),
    limits=Limits(at_once=4, per_second=10.0, burst=20),
    verbs={SendMessage: Verb(once=Once.TAG, act=send_message)},
    headers=_headers,
    explain=explain,
    probe=_probe,
    signature=posted_form("X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"),
    delivery_id=delivery_id,
    parse=parse,
    reads={Kind.MESSAGE: read_message, Kind.CALL: read_call},
    listing=changes,
    signing=("auth_token", "shared_secret"),
    timed=False,
    acknowledgement=Acknowledgement(content_type="text/xml", body=b"<Response/>"),
    channel=Channel.SMS,
)
