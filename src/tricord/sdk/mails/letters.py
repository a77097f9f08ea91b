"""A mail becomes a message: from whom to whom, in which thread, in whose words."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.records import Direction, Message, MessageStatus, Nature, Undelivered
from tricord.sdk.mails.natures import nature_of
from tricord.sdk.mails.replies import own_words
from tricord.sdk.mails.reports import report_of
from tricord.sdk.mails.structure import addresses, header, ids, one_line, parse_mail, time_of, words
from tricord.sdk.mails.texts import attachments_of, text_of
from tricord.sdk.reader import milliseconds

_LONGEST_THREAD = 100
_EARLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as read, before it is known which side of it is the firm.

    `text` is the new part alone. `message_id` and `references` are without angle brackets.
    """

    message_id: str
    references: tuple[str, ...]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    written_at: Instant | None
    nature: Nature
    undelivered: Undelivered | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """What is the firm's own: addresses, and domains with every address in them."""

    names: tuple[str, ...]

    @staticmethod
    def of(setting: str) -> "Own":
        parts = [part.strip().lower().removeprefix("@") for part in setting.split(",")]
        return Own(tuple(part for part in parts if part))

    def holds(self, address: str) -> bool:
        return address in self.names or address.rpartition("@")[2] in self.names


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where and when a mail was found: `arrived_at` is the server's own word for its arrival."""

    connection: ConnectionName
    seen_at: Instant
    arrived_at: Instant
    sent: bool = False


def read_letter(raw: bytes) -> Letter:
    """Any mail, however broken. Raises PayloadMalformed where there is no header at all."""
    mail = parse_mail(raw)
    sender = next(iter(addresses(mail, "From") or addresses(mail, "Sender")), "")
    text = text_of(mail)
    report = report_of(mail, sender, text)
    earlier = tuple(dict.fromkeys((*ids(mail, "References"), *ids(mail, "In-Reply-To"))))
    letter = Letter(
        message_id=_identity(mail_ids=ids(mail, "Message-ID"), plain=header(mail, "Message-ID"),
                             raw=raw),
        references=earlier if len(earlier) <= _LONGEST_THREAD else
        (earlier[0], *earlier[-_LONGEST_THREAD:]),
        sender=sender,
        recipients=addresses(mail, "To", "Cc"),
        subject=words(mail, "Subject"),
        text=_with_attachments(own_words(text), attachments_of(mail)),
        written_at=time_of(mail),
        nature=nature_of(mail, sender),
    )  # fmt: skip
    if report is None:
        return letter
    failed = report.undelivered.message_id
    return replace(
        letter,
        nature=Nature.BOUNCE if report.failed else Nature.AUTOMATIC,
        undelivered=report.undelivered if report.failed else None,
        references=tuple(dict.fromkeys((*letter.references, failed))) if failed else earlier,
    )


def message_of(letter: Letter, own: Own, found: Found) -> Message | None:
    """The message between the firm and a client; None for one within the firm alone."""
    outside = [address for address in letter.recipients if not own.holds(address)]
    ours = own.holds(letter.sender)
    if letter.nature is Nature.BOUNCE:
        direction, sender, recipient = Direction.IN, letter.sender, _inside(letter, own)
    elif found.sent or (ours and outside):
        if not outside:
            return None
        direction, sender, recipient = Direction.OUT, letter.sender, outside[0]
    elif ours or not letter.sender:
        return None
    else:
        direction, sender, recipient = Direction.IN, letter.sender, _inside(letter, own)
    name = hashlib.sha256(f"{letter.message_id}|{letter.sender}".encode()).hexdigest()[:32]
    return Message(
        ref=Ref(found.connection, Kind.MESSAGE, ExternalId(name)),
        version=milliseconds(found.seen_at),
        direction=direction,
        nature=letter.nature,
        status=MessageStatus.SENT if direction is Direction.OUT else MessageStatus.RECEIVED,
        subject=letter.subject,
        body=letter.text,
        sender=sender,
        recipient=recipient,
        sent_at=_sent_at(letter, found),
        message_id=letter.message_id,
        references=letter.references,
        undelivered=letter.undelivered,
    )


def _inside(letter: Letter, own: Own) -> str:
    """Whom of the firm it reached; the mailbox itself where only its server knows."""
    named = [address for address in letter.recipients if own.holds(address)]
    mailbox = [name for name in own.names if "@" in name]
    return next(iter((*named, *mailbox)), "")


def _sent_at(letter: Letter, found: Found) -> Instant:
    """A mail may claim to be older than its arrival, as imported ones are, but never younger."""
    written = letter.written_at
    if written is None or written > found.arrived_at + _EARLY:
        return found.arrived_at
    return written


def _identity(*, mail_ids: tuple[str, ...], plain: str, raw: bytes) -> str:
    """The sender's own name for the mail; one made from its bytes where the sender gave none."""
    given = mail_ids[0] if mail_ids else one_line(plain).strip("<> ")
    if given and " " not in given and len(given) <= 900:
        return given
    return f"{hashlib.sha256(raw).hexdigest()[:32]}@unnamed.invalid"


def _with_attachments(text: str, names: tuple[str, ...]) -> str:
    if not names:
        return text
    return f"{text}\n\n(Attached: {', '.join(names)})".strip()
