"""Webhook, declared: any address that takes signed JSON, such as an iPaaS flow or a firm's own."""

from tricord.connectors.webhook.act import tell
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Notice, Once, Setting
from tricord.sdk.talk import Reading, Request, error_of

_ALIVE = (*range(200, 300), 400, 401, 403, 404, 405, 501)


def _probe(access: Access) -> Reading:
    """Whether anything answers there. Whether the receiver takes our signature only a message can
    tell: run `tricord selftest`."""
    yield Request(method="OPTIONS", path="", expected=_ALIVE)
    nothing: tuple[Record, ...] = ()
    return nothing


CONNECTOR = Connector(
    name="webhook",
    title="Webhook",
    base_url="",
    settings=(
        Setting(
            name="url",
            label="Address",
            help="Where signed messages go, by https and at port 443 or 8443; what lies inside the "
            "network needs an exception by the operator",
            pattern=r"https?://.+",
        ),
        Setting(
            name="secret",
            label="Signing secret",
            help="whsec_ and 24 to 64 random bytes in base64, or whsk_ and an ed25519 key; two, "
            "separated by a comma, while one is rolled",
            pattern=r"(whsec_|whsk_)[A-Za-z0-9+/=]{32,}(,\s*(whsec_|whsk_)[A-Za-z0-9+/=]{32,})*",
        ),
    ),
    limits=Limits(at_once=2, per_second=5.0, burst=10),
    verbs={},
    headers=lambda access: (),
    explain=error_of,
    probe=_probe,
    notice=Notice(once=Once.KEY, tell=tell),
    address="url",
)
