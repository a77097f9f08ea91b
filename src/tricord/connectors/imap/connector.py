"""IMAP, declared: any mailbox. It is only read, so it takes no command; polls bring everything."""

from tricord.connectors.imap.parse import parse
from tricord.connectors.imap.read import changes
from tricord.core.records import Channel, Record
from tricord.sdk.connector import Access, Connector, Limits, Setting
from tricord.sdk.talk import FetchMail, Reading, error_of


def _probe(access: Access) -> Reading:
    yield FetchMail(limit=0)
    nothing: tuple[Record, ...] = ()
    return nothing


CONNECTOR = Connector(
    name="imap",
    title="Mailbox (IMAP)",
    base_url="",
    settings=(
        Setting(
            name="url",
            label="Mailbox",
            help="imaps://user:password@host:993, or imap://user:password@host:143 (STARTTLS)",
            pattern=r"imaps?://.+",
        ),
        Setting(
            name="address",
            label="The firm's own addresses",
            help="Addresses and domains of the firm, separated by commas: harbour.example, "
            "zoe@studio.example. They tell what came in from what went out",
            secret=False,
        ),
        Setting(
            name="folders",
            label="Folders",
            help=r"What to read, separated by commas; INBOX and \Sent, the folder of sent mails "
            "whatever its name, when it is not given",
            secret=False,
            required=False,
        ),
        Setting(
            name="since",
            label="First day",
            help="Mails that arrived earlier are not read, as a date 2026-11-01; thirty days "
            "before the first look when it is not given",
            secret=False,
            required=False,
            pattern=r"\d{4}-\d\d-\d\d",
        ),
    ),
    limits=Limits(at_once=1, per_second=2.0, burst=4),
    verbs={},
    headers=lambda access: (),
    explain=error_of,
    probe=_probe,
    parse=parse,
    listing=changes,
    channel=Channel.EMAIL,
)
