"""What clients, their absence notices and mail servers write to the firm: the bytes of mails."""

import re
from datetime import datetime
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from tricord.sandbox.smtp.messages import Mail

SERVER = "mail.sandbox.example"


def written(
    *, sender: str, to: str, subject: str, text: str, message_id: str, at: datetime, **more: str
) -> EmailMessage:
    """A mail as a person's mail program writes it; `more` are headers, `_` for a hyphen."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    for name, value in more.items():
        if value:
            mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def thread_of(mail: Mail) -> dict[str, str]:
    """What an answer to this mail refers to (RFC 5322, section 3.6.4)."""
    if not mail.message_id:
        return {}
    before = str(mail.shown["references"] or mail.shown["in_reply_to"] or "")
    return {
        "In_Reply_To": mail.message_id,
        "References": f"{' '.join(before.split())} {mail.message_id}".strip(),
    }


def answered(mail: Mail, text: str, at: datetime) -> str:
    """The new words above the old ones, as mail programs quote."""
    name, address = parseaddr(str(mail.shown["from"] or ""))
    old = "\n".join(f"> {line}".rstrip() for line in str(mail.shown["text"]).strip().splitlines())
    heading = f"On {at:%a, %d %b %Y at %H:%M}, {name or address} <{address}> wrote:"
    return f"{text}\n\n{heading}\n\n{old}\n"


def forwarded(mail: Mail, text: str) -> str:
    shown = mail.shown
    return (
        f"{text}\n\n---------- Forwarded message ---------\nFrom: {shown['from']}\n"
        f"Date: {shown['headers'].get('Date', '')}\nSubject: {shown['subject']}\n"
        f"To: {shown['to']}\n\n{shown['text']}"
    )


def reply_subject(mail: Mail) -> str:
    subject = str(mail.shown["subject"] or "")
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def report(
    mail: Mail, recipient: str, *, action: str, code: str, words: str, queue_id: str, at: datetime
) -> bytes:
    """A delivery report in the form Postfix gives it (RFC 3464): words, status, what came back."""
    boundary = f"{queue_id}.{int(at.timestamp())}/{SERVER}"
    asked = _asked(mail.shown["parameters"])
    envelope = f"Original-Envelope-Id: {asked['ENVID']}\n" if "ENVID" in asked else ""
    original = f"Original-Recipient: {asked['ORCPT']}\n" if "ORCPT" in asked else ""
    subject = {
        "failed": "Undelivered Mail Returned to Sender",
        "delayed": "Delayed Mail (still being retried)",
    }.get(action, "Successful Mail Delivery Report")
    raw = str(mail.shown["raw"]).replace("\r\n", "\n")
    heads_only = asked.get("RET") == "HDRS"
    content = f"{raw.partition(chr(10) * 2)[0]}\n" if heads_only else raw
    kind = "text/rfc822-headers" if heads_only else "message/rfc822"
    returned = "Undelivered Message Headers" if heads_only else "Undelivered Message"
    reply = f"{'4' if code.startswith('4') else '5'}50"
    text = f"""\
Return-Path: <>
Date: {format_datetime(at)}
From: MAILER-DAEMON@{SERVER} (Mail Delivery System)
Subject: {subject}
To: {mail.shown["mail_from"]}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="{boundary}"
Content-Transfer-Encoding: 8bit
Message-Id: <{at:%Y%m%d%H%M%S}.{queue_id}@{SERVER}>

This is a MIME-encapsulated message.

--{boundary}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {SERVER}.

<{recipient}>: host mx.{recipient.rpartition("@")[2]} said: {reply} {code} {words}

--{boundary}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; {SERVER}
{envelope}X-Postfix-Queue-ID: {queue_id}
X-Postfix-Sender: rfc822; {mail.shown["mail_from"]}
Arrival-Date: {format_datetime(at)}

Final-Recipient: rfc822; {recipient}
{original}Action: {action}
Status: {code}
Diagnostic-Code: smtp; {reply} {code} {words}

--{boundary}
Content-Description: {returned}
Content-Type: {kind}
Content-Transfer-Encoding: 8bit

{content}
--{boundary}--
"""
    return text.replace("\n", "\r\n").encode()


def wants_no_report(mail: Mail) -> bool:
    return "NEVER" in _asked(mail.shown["parameters"]).get("NOTIFY", "").upper()


def _asked(parameters: list[str]) -> dict[str, str]:
    """What the sender asked of reports (RFC 3461), the hexadecimal of its ids undone."""
    pairs = (parameter.partition("=")[::2] for parameter in parameters)
    return {
        name.upper(): re.sub(r"\+([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), value)
        for name, value in pairs
    }


def raw_of(mail: Message) -> bytes:
    return mail.as_bytes(policy=SMTP)
