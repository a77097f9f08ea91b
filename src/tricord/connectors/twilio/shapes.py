"""What Twilio shows of a message and of a call, as records."""

from tricord.connectors.twilio.errors import UNSUBSCRIBED
from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.records import (
    Call,
    CallStatus,
    Channel,
    Direction,
    Message,
    MessageStatus,
    Undelivered,
)
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, milliseconds

_STATUS = {
    "accepted": MessageStatus.QUEUED,
    "scheduled": MessageStatus.QUEUED,
    "queued": MessageStatus.QUEUED,
    "sending": MessageStatus.QUEUED,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "partially_delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.FAILED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
    "receiving": MessageStatus.RECEIVED,
    "received": MessageStatus.RECEIVED,
}
_CALL_STATUS = {
    "queued": CallStatus.RINGING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.TALKING,
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.MISSED,
    "no-answer": CallStatus.MISSED,
    "canceled": CallStatus.MISSED,
    "failed": CallStatus.FAILED,
}
_PASSING = frozenset({30001, 30003, 30008, 30017, 30022, 30036})
"""Error codes of what may go well another time: a full queue, a phone that is off, congestion."""
_LOST = ("absent", "deleted")
_WITHHELD = frozenset(
    {"anonymous", "restricted", "blocked", "unknown", "unavailable", "private",
     "266696687", "7378742833", "2562533", "8656696", "86282452253", "7748283"}
)  # fmt: skip


def message(connection: ConnectionName, row: Reader, now: Instant) -> Message | None:
    """A message as Twilio holds it; None for one that went another way than by text message."""
    sender, recipient = row.text_or("from"), row.text_or("to")
    if is_elsewhere(sender) or is_elsewhere(recipient):
        return None
    status, code = row.text("status"), row.integer_or("error_code")
    if status not in _STATUS:
        raise PayloadMalformed(f"{row.path}.status: not a status of a message")
    failed = status in ("undelivered", "failed")
    return Message(
        ref=Ref(connection, Kind.MESSAGE, ExternalId(row.text("sid"))),
        version=milliseconds(now),
        stamp=stamp_of(row),
        channel=Channel.SMS,
        direction=_direction(row),
        status=_STATUS[status],
        body=with_pictures(row.text_or("body"), row.whole_or("num_media")),
        sender=sender or row.text_or("messaging_service_sid"),
        recipient=recipient,
        sent_at=row.mail_time_or_none("date_sent") or row.mail_time_or_none("date_created"),
        undelivered=_undelivered(recipient, code) if failed else None,
    )


def call(
    connection: ConnectionName,
    first: Reader,
    legs: list[Reader],
    sounds: list[Reader],
    now: Instant,
) -> Call:
    """Where the call was put through, it was missed when nobody took it there.

    What a machine said or recorded before is no talk, though Twilio calls the first leg completed.
    """
    status, seconds = call_status(first), first.whole_or("duration")
    if legs and status is CallStatus.COMPLETED:
        talks = [leg.whole_or("duration") for leg in legs if leg.text("status") == "completed"]
        status = CallStatus.COMPLETED if talks else CallStatus.MISSED
        seconds = sum(talks)
    return Call(
        ref=Ref(connection, Kind.CALL, ExternalId(first.text("sid"))),
        version=milliseconds(now),
        stamp=max(stamp_of(row) for row in (first, *legs)),
        direction=_direction(first),
        status=status,
        caller=_person(first.text_or("from")),
        callee=_person(first.text_or("to")),
        started_at=first.mail_time_or_none("start_time") or first.mail_time_or_none("date_created"),
        seconds=seconds if status is CallStatus.COMPLETED else 0,
        recordings=tuple(sorted(s.text("sid") for s in sounds if s.text_or("status") not in _LOST)),
    )


def is_elsewhere(address: str) -> bool:
    """Whether an address is of another channel, as in `whatsapp:+15550142`."""
    return ":" in address


def with_pictures(text: str, number: int) -> str:
    """The text, and that there were pictures or files: those stay at Twilio."""
    if not number:
        return text
    told = "[1 picture or file]" if number == 1 else f"[{number} pictures or files]"
    return f"{text}\n{told}".strip()


def _direction(row: Reader) -> Direction:
    """`outbound-api`, `-reply`, `-call`, `-dial`; of SIP trunks, those that end at the network."""
    match row.text("direction"):
        case "inbound" | "trunking-originating":
            return Direction.IN
        case "trunking-terminating":
            return Direction.OUT
        case text if text.startswith("outbound"):
            return Direction.OUT
        case _:
            raise PayloadMalformed(f"{row.path}.direction: not a direction")


def call_status(row: Reader) -> CallStatus:
    found = _CALL_STATUS.get(row.text("status"))
    if found is None:
        raise PayloadMalformed(f"{row.path}.status: not a status of a call")
    return found


def _undelivered(recipient: str, code: int) -> Undelivered:
    return Undelivered(
        recipient=recipient,
        code=str(code) if code else "",
        permanent=code not in _PASSING,
        opted_out=code == UNSUBSCRIBED,
    )


def _person(address: str) -> str:
    """A number that tells somebody apart: a withheld one is spelled on the keys, `+266696687` for
    anonymous, and must not gather all who withhold theirs in one place."""
    return "" if address.lstrip("+").lower() in _WITHHELD else address


def stamp_of(row: Reader) -> int:
    at = row.mail_time_or_none("date_updated")
    return milliseconds(at) if at else 0
