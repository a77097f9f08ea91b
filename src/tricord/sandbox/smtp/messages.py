"""Mails a server has accepted, as received: nothing is thrown away, not even a second copy."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted message, read once: `shown` is what the state and the pages tell of it."""

    id: str
    message_id: str | None
    headers: list[tuple[str, str]]
    shown: dict[str, Any]
    raw: bytes


@dataclass(slots=True)
class Mailbox:
    mails: list[Mail] = field(default_factory=list)

    def find(self, mail_id: str) -> Mail | None:
        return next((mail for mail in self.mails if mail.id == mail_id), None)

    def duplicates(self) -> dict[str, int]:
        """How often each Message-ID arrived, for those that arrived more than once."""
        counted = Counter(mail.message_id for mail in self.mails)
        return {mid: times for mid, times in counted.items() if mid and times > 1}


def mail_from_bytes(
    raw: bytes,
    *,
    mail_id: str,
    received_at: datetime,
    mail_from: str,
    rcpt_to: list[str],
    parameters: list[str],
) -> Mail:
    parsed = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
    headers = [(name, str(value)) for name, value in parsed.items()]
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name, value)
    named = {name.lower(): value for name, value in first.items()}
    shown = {
        "id": mail_id,
        "received_at": received_at.isoformat(),
        "mail_from": mail_from,
        "rcpt_to": list(rcpt_to),
        "parameters": list(parameters),
        "headers": first,
        "message_id": named.get("message-id"),
        "subject": named.get("subject"),
        "from": named.get("from"),
        "to": named.get("to"),
        "in_reply_to": named.get("in-reply-to"),
        "references": named.get("references"),
        "text": _text(parsed),
        "raw": raw.decode("utf-8", "replace"),
    }
    message_id = named.get("message-id")
    return Mail(id=mail_id, message_id=message_id, headers=headers, shown=shown, raw=raw)


def _text(parsed: EmailMessage) -> str:
    """The plain text, or the HTML as it stands when there is no plain text."""
    body = parsed.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, UnicodeError):
        payload = body.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
