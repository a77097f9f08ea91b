"""Twilio's callbacks: forms without a name; what they tell is known by which SID they hold.

A text message that arrived is whole in its callback. All others are hints: they come in any order
and hold a part. A message that a poll found comes here as well, as JSON.
"""

import hashlib
from collections.abc import Sequence

from tricord.connectors.twilio.read import event_id
from tricord.connectors.twilio.shapes import is_elsewhere, message, with_pictures
from tricord.core.delivery import Delivery
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Channel, Direction, Message, MessageStatus, Record
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader, milliseconds
from tricord.sdk.talk import Hint

_ON_ITS_WAY = ("accepted", "scheduled", "queued", "sending")


def delivery_id(delivery: Delivery) -> str:
    """The SID and its state, which are signed; the token in a header, which is not, is left aside.

    A replay of what was captured is thus a copy, whenever it comes.
    """
    if _is_found(delivery.body):
        row = Reader.of(delivery.body).child_or_empty("message")
        sid, status = row.text_or("sid"), row.text_or("status")
    else:
        event = Reader.of_form(delivery.body)
        sid, status = _told(event)[1:]
    return event_id(sid, status) if sid else hashlib.sha256(delivery.body).hexdigest()


def parse(access: Access, delivery: Delivery) -> Sequence[Record | Hint]:
    if _is_found(delivery.body):
        found = Reader.of(delivery.body)
        asked = found.iso_time_or_none("asked")
        if asked is None or not found.has("message"):
            return []
        seen = message(access.connection, found.child("message"), asked)
        return [seen] if seen else []
    event = Reader.of_form(delivery.body)
    account = event.text_or("AccountSid")
    if account and account != access.text("account_sid"):
        raise PayloadMalformed("$.AccountSid: not the account of this connection")
    kind, sid, status = _told(event)
    if not sid:
        return []
    if kind is Kind.MESSAGE and (status in _ON_ITS_WAY or _is_other_channel(event)):
        return []
    if kind is Kind.MESSAGE and status == "received":
        return [_received(access, event, sid, delivery)]
    whole = event.text_or("ParentCallSid") or event.text_or("CallSid") or sid
    return [Hint(ref=Ref(access.connection, kind, ExternalId(whole)))]


def _is_found(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{"


def _told(event: Reader) -> tuple[Kind, str, str]:
    """What a callback is about: the kind, its SID, and the state it tells; "" of an unknown one.

    A recording belongs to a call, and its callback names both.
    """
    if recording := event.text_or("RecordingSid"):
        return Kind.CALL, recording, event.text_or("RecordingStatus")
    if sid := event.text_or("MessageSid") or event.text_or("SmsSid"):
        status = event.text_or("MessageStatus") or event.text_or("SmsStatus")
        return Kind.MESSAGE, sid, status or "received"
    if sid := event.text_or("CallSid"):
        return Kind.CALL, sid, event.text_or("CallStatus")
    return Kind.CALL, "", ""


def _is_other_channel(event: Reader) -> bool:
    return is_elsewhere(event.text_or("From")) or is_elsewhere(event.text_or("To"))


def _received(access: Access, event: Reader, sid: str, delivery: Delivery) -> Message:
    """The callback bears no time: it comes at once, and a message received does not change."""
    return Message(
        ref=Ref(access.connection, Kind.MESSAGE, ExternalId(sid)),
        version=milliseconds(delivery.received_at),
        channel=Channel.SMS,
        direction=Direction.IN,
        status=MessageStatus.RECEIVED,
        body=with_pictures(event.text_or("Body"), event.whole_or("NumMedia")),
        sender=event.text("From"),
        recipient=event.text("To"),
        sent_at=delivery.received_at,
    )
