"""Who is at the other end: clients who answer, forward, are away, or cannot be reached."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from tricord.sandbox.smtp.imap.folders import Firm
from tricord.sandbox.smtp.messages import Mail, Mailbox, mail_from_bytes
from tricord.sandbox.smtp.writing import (
    answered,
    forwarded,
    raw_of,
    reply_subject,
    report,
    thread_of,
    wants_no_report,
    written,
)

UNKNOWN = "5.1.1"


class Unanswerable(Exception):
    """What a person was asked to do cannot be done; the message says why."""


@dataclass(slots=True)
class Habit:
    """What an address does with every mail: `bounces` is a status code, `away` a notice."""

    bounces: str = ""
    away: str = ""


@dataclass(slots=True, kw_only=True)
class People:
    """Everyone but the firm. What they write arrives in the firm's inbox at once."""

    firm: Firm
    clock: Callable[[], datetime]
    dice: random.Random
    inbox: Mailbox = field(default_factory=Mailbox)
    habits: dict[str, Habit] = field(default_factory=dict)
    keep_sent: bool = True

    def received(self, mail: Mail) -> None:
        """A mail of the firm has been accepted: it lies in the firm's sent mails, as large
        providers file it, and each recipient does what that address does."""
        if self.keep_sent:
            self.firm.sent.add(mail.raw, self.clock(), {"\\Seen"})
        for recipient in mail.shown["rcpt_to"]:
            habit = self.habits.get(recipient.lower())
            if habit is not None and habit.bounces:
                self.bounce(mail, recipient, code=habit.bounces)
            elif habit is not None and habit.away:
                self.away(mail, recipient, habit.away)

    def write(self, fields: dict[str, Any]) -> Mail:
        """A new mail from anybody. `list` makes it one that a mailing list passes on."""
        sender = str(fields.get("from") or "")
        if not parseaddr(sender)[1]:
            raise Unanswerable("from must be an address")
        more = _of_list(str(fields.get("list") or ""))
        mail = written(
            sender=sender,
            to=str(fields.get("to") or "billing@harbour.example"),
            subject=str(fields.get("subject") or ""),
            text=str(fields.get("text") or ""),
            message_id=self._id(sender),
            at=self.clock(),
            **more,
        )
        return self._arrive(mail, sender)

    def reply(self, mail: Mail, fields: dict[str, Any]) -> Mail:
        """A recipient answers, in the thread, with the old mail quoted below."""
        sender = str(fields.get("by") or _first(mail))
        text = answered(mail, str(fields.get("text") or "Thank you."), self.clock())
        made = written(
            sender=sender,
            to=_answer_to(mail),
            subject=reply_subject(mail),
            text=text,
            message_id=self._id(sender),
            at=self.clock(),
            **thread_of(mail),
            **_of_list(str(fields.get("list") or "")),
        )
        return self._arrive(made, sender)

    def forward(self, mail: Mail, fields: dict[str, Any]) -> Mail:
        """Somebody whom a recipient passed the mail to writes to the firm above it."""
        sender = str(fields.get("by") or "")
        if not parseaddr(sender)[1]:
            raise Unanswerable("by must be the address of whoever writes")
        made = written(
            sender=sender,
            to=_answer_to(mail),
            subject=f"Fwd: {mail.shown['subject'] or ''}",
            text=forwarded(mail, str(fields.get("text") or "Passed on to you.")),
            message_id=self._id(sender),
            at=self.clock(),
            References=thread_of(mail).get("References", ""),
        )
        return self._arrive(made, sender)

    def away(self, mail: Mail, recipient: str, notice: str) -> Mail:
        """An absence notice (RFC 3834). It answers everything, as careless ones do."""
        made = written(
            sender=recipient,
            to=str(mail.shown["mail_from"]),
            subject=f"Automatic reply: {mail.shown['subject'] or ''}",
            text=notice,
            message_id=self._id(recipient),
            at=self.clock(),
            Auto_Submitted="auto-replied",
            **thread_of(mail),
        )
        return self._arrive(made, "")

    def bounce(
        self,
        mail: Mail,
        recipient: str = "",
        *,
        code: str = UNKNOWN,
        words: str = "The email account that you tried to reach does not exist",
        action: str = "failed",
    ) -> Mail | None:
        """The server's word that a mail did not arrive; none where the sender wanted none."""
        if wants_no_report(mail):
            return None
        raw = report(
            mail,
            recipient or _first(mail),
            action=action,
            code=code,
            words=words,
            queue_id=f"{self.dice.getrandbits(40):010X}",
            at=self.clock(),
        )
        return self._keep(raw, "")

    def _arrive(self, mail: EmailMessage, envelope: str) -> Mail:
        raw = f"Return-Path: <{parseaddr(envelope)[1]}>\r\n".encode() + raw_of(mail)
        return self._keep(raw, envelope)

    def _keep(self, raw: bytes, envelope: str) -> Mail:
        now = self.clock()
        mail = mail_from_bytes(
            raw,
            mail_id=f"{self.dice.getrandbits(48):012X}",
            received_at=now,
            mail_from=parseaddr(envelope)[1],
            rcpt_to=[],
            parameters=[],
        )
        self.inbox.mails.append(mail)
        self.firm.inbox.add(raw, now)
        return mail

    def _id(self, sender: str) -> str:
        domain = parseaddr(sender)[1].rpartition("@")[2] or "client.example"
        return f"<{self.dice.getrandbits(80):020x}@{domain}>"


def _first(mail: Mail) -> str:
    return str(next(iter(mail.shown["rcpt_to"]), "client@client.example"))


def _answer_to(mail: Mail) -> str:
    headers = mail.shown["headers"]
    return str(headers.get("Reply-To") or mail.shown["from"] or mail.shown["mail_from"])


def _of_list(address: str) -> dict[str, str]:
    if not address:
        return {}
    name, _, domain = address.partition("@")
    return {"List_Id": f"<{name}.{domain}>", "List_Post": f"<mailto:{address}>",
            "Precedence": "list"}  # fmt: skip
