"""Writing a mail and handing it over. Class D: a lost answer after the text is never repeated.

The Message-ID is made from the business key, so it is the same on every attempt and known before
the first byte leaves: receivers and a later sweep of the mailbox can tell a copy.
"""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from tricord.core.commands import SendMessage
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Message
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import Refused
from tricord.sdk.reader import milliseconds
from tricord.sdk.talk import Done, Mail, Talk


def send_message(access: Access, command: SendMessage, work: Work) -> Talk:
    name, address = parseaddr(access.text("sender"))
    domain = address.rpartition("@")[2]
    message_id = identity(work.key, domain)
    content = _write(command, name, address, message_id, domain, work)
    yield Mail(sender=address, recipient=command.recipient, content=content)
    sent = Message(
        ref=Ref(access.connection, Kind.MESSAGE, ExternalId(message_id)),
        version=milliseconds(work.at),
        about=command.about,
        subject=command.subject,
        body=command.body,
        sender=address,
        recipient=command.recipient,
        sent_at=work.at,
    )
    return Done(remote=sent.ref, seen=(sent,))


def identity(key: str, domain: str) -> str:
    """The Message-ID of a business key (RFC 5322, section 3.6.4), without its angle brackets."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}"


def _write(
    command: SendMessage, name: str, address: str, message_id: str, domain: str, work: Work
) -> bytes:
    message = EmailMessage()
    try:
        message["From"] = Address(display_name=name, addr_spec=address)
        message["To"] = Address(display_name=command.recipient_name, addr_spec=command.recipient)
        message["Subject"] = command.subject
    except (ValueError, IndexError) as error:
        # A line break in a name or subject could smuggle in a header; the library refuses it.
        raise Refused(
            f"an address, name or subject is not fit for a mail header ({error})"
        ) from None
    message["Date"] = format_datetime(work.at)
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's robot should answer
    earlier = [f"<{identity(key, domain)}>" for key in command.thread]
    if earlier:
        message["In-Reply-To"] = earlier[-1]
        message["References"] = " ".join(earlier)
    message.set_content(command.body)
    return message.as_bytes()
