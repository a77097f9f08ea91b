"""A raw mail becomes a message. The reading itself is the SDK's, the same for every mailbox.

What only the mailbox knows, the folder's kind and the arrival, is written above the mail as its
first line, where nobody but us can write: a mail that brings such a line has it further down.
"""

from collections.abc import Sequence
from datetime import UTC

from tricord.core.delivery import Delivery
from tricord.core.ids import Instant
from tricord.core.records import Record
from tricord.sdk.connector import Access
from tricord.sdk.mails.letters import Found, Own, message_of, read_letter
from tricord.sdk.reader import read_time
from tricord.sdk.talk import Hint

SENT = r"\Sent"
_MARK = b"X-Tricord-Mailbox: "


def stamped(raw: bytes, folder: str, arrived: Instant) -> bytes:
    """The mail below a line that says where it was found and when it had arrived there."""
    kind = b"sent" if folder == SENT else b"kept"
    return _MARK + kind + b"; " + arrived.astimezone(UTC).isoformat().encode() + b"\r\n" + raw


def parse(access: Access, delivery: Delivery) -> Sequence[Record | Hint]:
    first, _, raw = delivery.body.partition(b"\r\n")
    if not first.startswith(_MARK):
        first, raw = b"", delivery.body
    kind, _, told = first.removeprefix(_MARK).decode("ascii", "replace").partition("; ")
    found = Found(
        connection=access.connection,
        seen_at=delivery.received_at,
        arrived_at=read_time(told, "X-Tricord-Mailbox") if told else delivery.received_at,
        sent=kind == "sent",
    )
    message = message_of(read_letter(raw), Own.of(access.text("address")), found)
    return [message] if message else []
