"""A mail's structure: headers and parts, read within bounds, however it was written.

The standard library's parser is given only what it handles in linear time: so many bytes, so many
parts within parts, and headers of bounded length. Its modern policy is not used, because it parses
each header with a grammar whose cost on hostile input has no bound.
"""

import base64
import quopri
import re
from collections.abc import Iterator
from datetime import UTC
from email.errors import MessageError
from email.message import Message as Part
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime

from tricord.core.ids import Instant
from tricord.sdk.errors import PayloadMalformed

LARGEST_MAIL = 1024 * 1024
"""So many bytes of a mail are read; texts come before attachments, so that what is cut is those."""
_LONGEST_HEADER = 8192
_LONGEST_LINE = 2048
_DEEPEST = 50
_MOST_PARTS = 500
_NESTING = re.compile(rb"multipart/|message/", re.IGNORECASE)
_ID = re.compile(r"<([^<>\s]{1,900})>")
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\]{1,64}@[^\s@<>,;:\"()\\]{1,255}")


class _Bounded(Compat32):
    """Headers as they stand in the mail, cut to a bounded length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name[:100], value[:_LONGEST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - a given signature
        return value


_POLICY = _Bounded()


def parse_mail(raw: bytes) -> Part:
    """The mail's headers and parts. Raises PayloadMalformed where there is no header at all."""
    head = raw[:LARGEST_MAIL]
    shallow = sum(1 for _ in _NESTING.finditer(head)) > _DEEPEST
    try:
        mail = BytesParser(policy=_POLICY).parsebytes(head, headersonly=shallow)
    except (MessageError, ValueError, LookupError, RecursionError) as error:
        raise PayloadMalformed(f"not a mail ({type(error).__name__})") from None
    if not mail.keys():
        raise PayloadMalformed("not a mail: it has no header")
    return mail


def parts_of(mail: Part) -> Iterator[Part]:
    """Every part that holds content, in order. A mail within the mail is one part, not opened."""
    waiting: list[Part] = [mail]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed(inner_parts(part)))
        else:
            yield part


def inner_parts(part: Part) -> list[Part]:
    """The mails within a part, or the blocks of a delivery status."""
    held = part.get_payload() if part.is_multipart() else None
    return [one for one in held if isinstance(one, Part)] if isinstance(held, list) else []


def content_of(part: Part) -> bytes:
    """The bytes of a part with its transfer encoding undone; none where that is past mending."""
    try:
        held = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return b""
    return held if isinstance(held, bytes) else b""


def header(mail: Part, name: str) -> str:
    """The first header of this name as it stands, "" when there is none."""
    found = mail.get(name)
    return str(found) if found is not None else ""


def words(mail: Part, name: str) -> str:
    """A header of free text, decoded (RFC 2047), on one line."""
    return one_line(_decoded(header(mail, name)[:_LONGEST_LINE]))


def word(mail: Part, name: str) -> str:
    """A header that is one word, in small letters, without what may follow it."""
    return one_line(header(mail, name)).partition(";")[0].partition(" ")[0].strip().lower()


def addresses(mail: Part, *names: str) -> tuple[str, ...]:
    """The addresses of these headers in small letters, each once, in order."""
    values = [_whole(value) for name in names for value in mail.get_all(name, [])]
    try:
        pairs = getaddresses(values)
    except (ValueError, IndexError, RecursionError):
        return ()
    return tuple(dict.fromkeys(filter(None, (plain_address(address) for _, address in pairs))))


def plain_address(text: str) -> str:
    """An address in small letters, "" when the text is none."""
    plain = text.strip().lower()
    return plain if _ADDRESS.fullmatch(plain) and not _CONTROL.search(plain) else ""


def ids(mail: Part, name: str) -> tuple[str, ...]:
    """The message ids of a header, without angle brackets."""
    found = [_CONTROL.sub("", one) for one in _ID.findall(header(mail, name))]
    return tuple(one for one in found if one)


def time_of(mail: Part) -> Instant | None:
    """When the mail says it was written; None when it says nothing that can be read."""
    try:
        found = parsedate_to_datetime(one_line(header(mail, "Date"))[:200])
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _whole(value: object) -> str:
    """A list of addresses; the last of one that was cut is left out, because it may be half."""
    text = str(value)
    return text.rpartition(",")[0] if len(text) >= _LONGEST_HEADER else text


def _decoded(text: str) -> str:
    """Encoded words as text. Neighbours of one charset are joined first: a letter may be split."""
    told: list[str] = []
    waiting, claimed, place = b"", "", 0
    for found in _ENCODED.finditer(text):
        between = text[place : found.start()]
        charset = found[1].partition("*")[0].lower()
        if waiting and (between.strip() or charset != claimed):
            told.append(decoded(waiting, claimed))
            waiting = b""
        if between.strip() or not place:
            told.append(_readable(between))
        waiting, claimed, place = waiting + _bytes_of(found[2], found[3]), charset, found.end()
    if waiting:
        told.append(decoded(waiting, claimed))
    return "".join([*told, _readable(text[place:])])


def _bytes_of(way: str, content: str) -> bytes:
    raw = content.encode("utf-8", "surrogateescape")
    if way in "qQ":
        return quopri.decodestring(raw.replace(b"_", b"=20"))
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except ValueError:
        return raw


def _readable(text: str) -> str:
    """Bytes above ASCII in a header are smuggled through as lone surrogates by the parser."""
    return decoded(text.encode("utf-8", "surrogateescape"), "utf-8")


def decoded(content: bytes, charset: str) -> str:
    """Text in the charset it claims, else in UTF-8, else in the one that takes any byte."""
    for claimed in (charset, "utf-8"):
        try:
            return content.decode(claimed)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")
