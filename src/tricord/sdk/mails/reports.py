"""Delivery reports (RFC 3464): which mail did not arrive, at whom, and whether for good.

A report in the standard's form is believed as it stands. Some servers still write one in plain
words; those count only when they name the recipient and a code.
"""

import re
from dataclasses import dataclass
from email.message import Message as Part
from urllib.parse import unquote

from tricord.core.records import Undelivered
from tricord.sdk.mails.structure import (
    addresses,
    content_of,
    header,
    ids,
    inner_parts,
    one_line,
    parts_of,
    plain_address,
    word,
    words,
)

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d\b")
_SERVERS = frozenset(("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"))
_FAILED_WORDS = re.compile(
    r"undeliver|delivery (?:status notification|has failed|failure)|returned mail|failure notice"
    r"|mail delivery (?:failed|system)|unzustellbar|non remis|no entregado",
    re.IGNORECASE,
)
_ADDRESS_IN_TEXT = re.compile(r"<([^\s<>@]{1,64}@[^\s<>@]{1,255})>")
_READ = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a server tells of a mail. `failed` is False for a delay, or for word of a success."""

    failed: bool
    undelivered: Undelivered


def report_of(mail: Part, sender: str, text: str) -> Report | None:
    """The report that this mail is; None for a mail that is none."""
    parts = list(parts_of(mail))
    status = next((p for p in parts if p.get_content_type() == "message/delivery-status"), None)
    kind = str(mail.get_param("report-type", "")).lower()
    if status is not None and (kind == "delivery-status" or is_from_a_server(mail, sender)):
        return _of_status(inner_parts(status), _original(parts))
    if is_from_a_server(mail, sender) and _FAILED_WORDS.search(words(mail, "Subject")):
        return _of_words(mail, text[:_READ], _original(parts))
    return None


def is_from_a_server(mail: Part, sender: str) -> bool:
    """A mail that is answered to nobody, or that a mail program signs with its own name."""
    return sender.partition("@")[0] in _SERVERS or one_line(header(mail, "Return-Path")) == "<>"


def _of_status(blocks: list[Part], original: str) -> Report | None:
    """The recipient that failed, else the first one: our mails have one each."""
    told = [block for block in blocks if header(block, "Action") or header(block, "Status")]
    if not told:
        return None
    failed = [block for block in told if word(block, "Action") == "failed"]
    block = (failed or told)[0]
    envelope = _plain_xtext(
        next((v for b in blocks if (v := header(b, "Original-Envelope-Id"))), "")
    )
    recipient = _recipient(block, "Original-Recipient") or _recipient(block, "Final-Recipient")
    undelivered = Undelivered(
        recipient=recipient,
        message_id=original or (envelope if "@" in envelope else ""),
        code=_code(block),
        permanent=bool(failed),
    )
    return Report(failed=bool(failed), undelivered=undelivered)


def _code(block: Part) -> str:
    """The enhanced status (RFC 3463); where it says nothing, what the other server answered."""
    status = _STATUS.search(one_line(header(block, "Status")))
    answered = _STATUS.search(one_line(header(block, "Diagnostic-Code")))
    if status and answered and status[1].endswith(".0.0"):
        return answered[1]
    found = status or answered
    return found[1] if found else ""


def _recipient(block: Part, name: str) -> str:
    return plain_address(
        _plain_xtext(one_line(header(block, name)).rpartition(";")[2]).strip(" <>")
    )


def _plain_xtext(text: str) -> str:
    """`+3D` stands for `=` (RFC 3461, 4). Servers disagree on whether they pass it on so."""
    plain = one_line(text)
    return unquote(re.sub(r"\+([0-9A-F]{2})", r"%\1", plain)) if "+" in plain else plain


def _original(parts: list[Part]) -> str:
    """The Message-ID of the mail that came back, from its headers in the last part."""
    for part in reversed(parts):
        if part.get_content_type() == "message/rfc822":
            found = [one for inner in inner_parts(part) for one in ids(inner, "Message-ID")]
        elif part.get_content_type() == "text/rfc822-headers":
            found = _id_in(content_of(part)[:_READ].decode("latin-1"))
        else:
            continue
        if found:
            return found[0]
    return ""


def _id_in(text: str) -> list[str]:
    return re.findall(r"^message-id:\s*<([^<>\s]{1,900})>", text, re.IGNORECASE | re.MULTILINE)


def _of_words(mail: Part, text: str, original: str) -> Report | None:
    named = addresses(mail, "X-Failed-Recipients") or tuple(
        filter(None, map(plain_address, _ADDRESS_IN_TEXT.findall(text)))
    )
    status, reply = _STATUS.search(text), _REPLY.search(text)
    if not named or not (status or reply):
        return None
    code = status[1] if status else ""
    failed = (code or (reply[1] if reply else "")).startswith("5")
    undelivered = Undelivered(
        recipient=named[0],
        message_id=original or next(iter(_id_in(text)), ""),
        code=code,
        permanent=failed,
    )
    return Report(failed=failed, undelivered=undelivered)
