"""SMTP, declared: any mail server that takes submissions. Nothing arrives here, so no parse."""

from tricord.connectors.smtp.act import send_message, tell
from tricord.core.commands import SendMessage
from tricord.core.records import Record
from tricord.sdk.connector import Access, Connector, Limits, Notice, Once, Setting, Verb
from tricord.sdk.talk import Hello, Reading, error_of


def _probe(access: Access) -> Reading:
    yield Hello()
    nothing: tuple[Record, ...] = ()
    return nothing


CONNECTOR = Connector(
    name="smtp",
    title="Mail (SMTP)",
    base_url="",
    settings=(
        Setting(
            name="url",
            label="Mail server",
            help="smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465",
            pattern=r"smtps?://.+",
        ),
        Setting(
            name="sender",
            label="Sender",
            help='Who mails come from, such as "Harbour Studio <billing@harbour.example>"',
            secret=False,
        ),
        Setting(
            name="alerts_to",
            label="Alerts to",
            help="Who gets alerts by mail, where this connection is named under alerts",
            secret=False,
            required=False,
            pattern=r"[^@\s]+@[^@\s]+",
        ),
    ),
    limits=Limits(at_once=2, per_second=5.0, burst=20),
    verbs={SendMessage: Verb(once=Once.NEVER, act=send_message)},
    headers=lambda access: (),
    explain=error_of,
    probe=_probe,
    notice=Notice(once=Once.NEVER, tell=tell),
)
