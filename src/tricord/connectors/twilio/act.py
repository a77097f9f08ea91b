"""Sending a text message. Class C: Twilio takes no idempotency key, but lists what was sent.

A repeat first looks for the message in the conversation with that number: the same text, not older
than the command. The list is asked without dates, because one that has not left yet has none.
"""

import re
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from tricord.connectors.twilio import paths
from tricord.connectors.twilio.shapes import message
from tricord.core.commands import SendMessage
from tricord.core.records import Channel, Message
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import PayloadMalformed, Refused
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Done, Request, Response, Talk, Wire, get

LONGEST = 1600
SKEW = timedelta(minutes=5)
"""How far Twilio's clock and ours may be apart."""
_PAGES = 20
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SMART = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)
"""What Twilio's smart encoding writes plainer, so that a text fits fewer parts."""


def send_message(access: Access, command: SendMessage, work: Work) -> Talk:
    if command.channel is not Channel.SMS:
        raise Refused(
            f"Twilio sends text messages, no {command.channel}; see roles.{command.channel}"
        )
    if not _E164.fullmatch(command.recipient):
        raise Refused("the recipient's number is not in E.164, as +15550142 is")
    if not command.body or len(command.body) > LONGEST:
        raise Refused(f"a text message has from 1 to {LONGEST} signs, not {len(command.body)}")
    found = (yield from _find(access, command)) if work.again else None
    if found is None and work.objection:
        raise Refused(work.objection)
    if found is None:
        answer = yield Request(
            method="POST",
            path=paths.many(access, "Messages"),
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode(_form(access, command)).encode(),
            writes=True,
            expected=(200, 201),
        )
        found = answer.read
    seen = _seen(access, command, work, found)
    return Done(remote=seen.ref, seen=(seen,))


def _form(access: Access, command: SendMessage) -> list[tuple[str, str]]:
    pairs = [("To", command.recipient), _sender(access), ("Body", command.body)]
    if access.hook_url:
        pairs.append(("StatusCallback", access.hook_url))
    return pairs


def _sender(access: Access) -> tuple[str, str]:
    sender = access.text("sender")
    return ("MessagingServiceSid" if sender.startswith("MG") else "From", sender)


def _find(access: Access, command: SendMessage) -> Generator[Wire, Response, Reader | None]:
    """The message an earlier attempt sent. Raises Refused where that cannot be told."""
    name, sender = _sender(access)
    query = [("To", command.recipient), *([("From", sender)] if name == "From" else [])]
    path = f"{paths.many(access, 'Messages')}?{urlencode([*query, ('PageSize', str(paths.PAGE))])}"
    for _ in range(_PAGES):
        page = (yield get(path)).read
        for row in page.children("messages"):
            if _may_be(row, command) and _is(row, command):
                return row
        path = paths.following(access, page)
        if not path:
            return None
    raise Refused("there are too many messages to this number to look for ours; look by hand")


def _may_be(row: Reader, command: SendMessage) -> bool:
    created = row.mail_time_or_none("date_created")
    late = created is not None and created < command.at - SKEW
    return row.text_or("direction").startswith("outbound-api") and not late


def _is(row: Reader, command: SendMessage) -> bool:
    text = row.text_or("body")
    if not text and row.text_or("num_media") in ("", "0"):
        raise Refused("a newer message to this number has lost its text, so it may be ours; look "
                      "at Twilio, then retry or skip")  # fmt: skip
    return _plain(text) == _plain(command.body)


def _plain(text: str) -> str:
    return " ".join(text.translate(_SMART).split())


def _seen(access: Access, command: SendMessage, work: Work, row: Reader) -> Message:
    """What Twilio shows, which does not know what the message is about."""
    sent = message(access.connection, row, work.at)
    if sent is None:
        raise PayloadMalformed("$.to: not the number that was written to")
    return replace(sent, about=command.about, recipient=command.recipient)
