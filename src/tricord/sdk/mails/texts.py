"""A mail's text: what its writer wrote, without markup and without the mail it answers."""

import re
from email.message import Message as Part

from tricord.sdk.mails.markup import reduced
from tricord.sdk.mails.structure import content_of, decoded, header, one_line, parts_of
from tricord.sdk.mails.structure import words as words_of

LONGEST_TEXT = 256 * 1024
_NAMED = 20
_OF_REPORTS = ("message/delivery-status", "message/disposition-notification", "text/rfc822-headers")
_BROKEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text_of(mail: Part) -> str:
    """The plain text, or what is left of the markup where there is no plain text."""
    plain: list[str] = []
    marked: list[str] = []
    for part in parts_of(mail):
        kind = part.get_content_type()
        if is_attachment(part) or kind not in ("text/plain", "text/html"):
            continue
        (plain if kind == "text/plain" else marked).append(_content(part))
    whole = "\n\n".join(filter(str.strip, plain))
    if not whole.strip():
        whole = "\n\n".join(reduced(one) for one in marked)
    return whole[:LONGEST_TEXT].strip()


def attachments_of(mail: Part) -> tuple[str, ...]:
    """What was attached, by name; the content is not kept."""
    names = []
    for part in parts_of(mail):
        kind = part.get_content_type()
        if kind in _OF_REPORTS:
            continue
        if is_attachment(part) or kind.startswith(("image/", "audio/", "video/")):
            names.append(_name(part) or kind)
    return tuple(names[:_NAMED])


def is_attachment(part: Part) -> bool:
    if part.get_content_maintype() == "message":
        return True
    disposition = one_line(header(part, "Content-Disposition")).lower()
    return disposition.startswith("attachment") or bool(_name(part))


def _name(part: Part) -> str:
    try:
        found = part.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    if not isinstance(found, str):
        return ""
    shown = Part()
    shown["Name"] = one_line(found)[:300]
    return words_of(shown, "Name")[:200]


def _content(part: Part) -> str:
    raw = content_of(part)
    charset = part.get_param("charset", "utf-8")
    text = decoded(raw[:LONGEST_TEXT], charset if isinstance(charset, str) else "utf-8")
    text = _BROKEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return _unfolded(text, str(part.get_param("delsp", "")).lower() == "yes") if flowed else text


def _unfolded(text: str, joined: bool) -> str:
    """Lines that end in a space go on in the next (RFC 3676); quoted ones only in quoted ones."""
    lines: list[list[str]] = []
    goes_on, depth = False, 0
    for raw in text.split("\n"):
        bare = raw.lstrip(">")
        quoted, content = len(raw) - len(bare), bare.removeprefix(" ")
        if goes_on and quoted == depth and content != "-- ":
            lines[-1].append(content)
        else:
            lines.append([">" * quoted + (" " if quoted and content else ""), content])
        depth, goes_on = quoted, content.endswith(" ") and content != "-- "
        if goes_on and joined:
            lines[-1][-1] = content[:-1]
    return "\n".join("".join(pieces) for pieces in lines)
