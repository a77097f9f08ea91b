"""Writing a mail and handing it over. Class D: a lost answer after the text is never repeated.

The Message-ID is made from the business key, so it is the same on every attempt and known before
the first byte leaves: receivers and a later sweep of the mailbox can tell a copy.
"""

import hashlib
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from unicodedata import category

from tricord.core.alerts import FIRST, Alert, alert_key
from tricord.core.commands import SendMessage
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Message
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import Refused
from tricord.sdk.reader import milliseconds
from tricord.sdk.talk import Done, Mail, Talk

_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,900}")
"""Fit to stand between angle brackets; another is left out, for it may come from a stranger."""
_ASCII = SMTP.clone(cte_type="7bit")


def send_message(access: Access, command: SendMessage, work: Work) -> Talk:
    address = parseaddr(access.text("sender"))[1]
    message_id = identity(work.key, _domain(address))
    text = Text(
        recipient=command.recipient,
        recipient_name=command.recipient_name,
        subject=command.subject,
        body=command.body,
        earlier=_earlier(command, _domain(address)),
    )
    content = _write(access, text, message_id, work)
    yield Mail(sender=address, recipient=command.recipient, content=content, envelope_id=message_id)
    sent = Message(
        ref=Ref(access.connection, Kind.MESSAGE, ExternalId(message_id)),
        version=milliseconds(work.at),
        about=command.about,
        subject=command.subject,
        body=command.body,
        sender=address,
        recipient=command.recipient,
        sent_at=work.at,
        message_id=message_id,
        references=_earlier(command, _domain(address)),
    )
    return Done(remote=sent.ref, seen=(sent,))


def identity(key: str, domain: str) -> str:
    """The Message-ID of a business key (RFC 5322, section 3.6.4), without its angle brackets."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}"


def _earlier(command: SendMessage, domain: str) -> tuple[str, ...]:
    """The thread before this mail, oldest first: what it answers, then our own of the series."""
    ours = (identity(key, domain) for key in command.thread)
    answered = (one for one in command.in_reply_to if _ID.fullmatch(one))
    return tuple(dict.fromkeys((*answered, *ours)))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def tell(access: Access, alert: Alert, work: Work) -> Talk:
    """An alert as a plain mail; what is told later of the same occurrence is a reply to the first.

    It goes to the setting `alerts_to`, else to the owner where the policy names one by address,
    else to the sender's own mailbox: somebody at the firm reads that.
    """
    address = parseaddr(access.text("sender"))[1]
    owner = alert.owner if "@" in alert.owner and "," not in alert.owner else ""
    recipient = access.text("alerts_to") or owner or address
    first = alert_key(alert.cause, alert.occurrence, FIRST, access.connection)
    mark = "over" if alert.over else str(alert.severity)
    text = Text(
        recipient=recipient,
        subject=f"[{mark}] {alert.title}",
        body=_told(alert),
        earlier=() if work.key == first else (identity(first, _domain(address)),),
    )
    message_id = identity(work.key, _domain(address))
    content = _write(access, text, message_id, work)
    yield Mail(sender=address, recipient=recipient, content=content, envelope_id=message_id)
    return Done(remote=Ref(access.connection, Kind.MESSAGE, ExternalId(message_id)))


def _told(alert: Alert) -> str:
    facts = [f"Owner: {alert.owner}"] if alert.owner else []
    facts += [f"At stake: {', '.join(map(str, alert.money))}"] if alert.money else []
    facts += [f"Cases: {alert.count:,}"] if alert.count > 1 else []
    parts = (alert.title, "\n".join(alert.lines), "\n".join(facts), alert.link)
    return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What stands in a mail. `earlier` holds the message ids of those it follows, oldest first."""

    recipient: str
    subject: str
    body: str
    recipient_name: str = ""
    earlier: tuple[str, ...] = ()


def _write(access: Access, text: Text, message_id: str, work: Work) -> bytes:
    """The bytes of the mail, ASCII alone, so that any server takes them."""
    try:
        _on_one_line(access.text("sender"), text.recipient_name, text.subject)
        message = EmailMessage(policy=_ASCII)
        name, address = parseaddr(access.text("sender"))
        message["From"] = _address(name, address)
        message["To"] = _address(text.recipient_name, text.recipient)
        message["Subject"] = text.subject
        message["Date"] = format_datetime(work.at)
        message["Message-ID"] = f"<{message_id}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's robot should answer
        earlier = [f"<{one}>" for one in text.earlier]
        if earlier:
            message["In-Reply-To"] = earlier[-1]
            message["References"] = " ".join(earlier)
        message.set_content(text.body)
        return message.as_bytes()
    except (ValueError, IndexError, MessageError):
        # The words of the library are not passed on: they hold the address.
        raise Refused("a name, address or subject is not fit for a mail header") from None


def _on_one_line(*texts: str) -> None:
    """A line break could smuggle in a header. The library overlooks some, such as a lone CR."""
    if any(category(character) in ("Cc", "Zl", "Zp") for text in texts for character in text):
        raise ValueError("a line break or another control character")


def _address(name: str, address: str) -> Address:
    if not address.isascii():
        raise ValueError("an address beyond ASCII needs SMTPUTF8, which few servers offer")
    return Address(display_name=name, addr_spec=address)
