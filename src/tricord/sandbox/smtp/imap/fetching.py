"""FETCH: what a client asks of a mail, item by item (RFC 3501, section 6.4.5)."""

import re
from collections.abc import Iterator

from tricord.sandbox.smtp.imap.folders import Kept
from tricord.sandbox.smtp.imap.syntax import BadSyntax, Word, internal_date, plain

_MACROS = {
    "FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
}
_BODY = re.compile(r"BODY(\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE)
_FIELDS = re.compile(r"HEADER\.FIELDS(\.NOT)? \((.*)\)", re.IGNORECASE)
_OLD = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}


def items_of(words: list[Word], *, by_uid: bool) -> list[str]:
    """The items asked for, macros written out; UID is always told where it was asked by."""
    named: list[str] = []
    for word in words:
        named += [plain(one) for one in word] if isinstance(word, list) else [plain(word)]
    items = [item for name in named for item in _MACROS.get(name.upper(), [name])]
    if not items:
        raise BadSyntax("nothing is asked for")
    return ["UID", *items] if by_uid and "UID" not in map(str.upper, items) else items


def reads_aloud(items: list[str]) -> bool:
    """Whether the mail counts as seen afterwards: a body was asked for without PEEK."""
    for item in items:
        found = _BODY.fullmatch(item)
        if (found and not found[1]) or item.upper() in ("RFC822", "RFC822.TEXT"):
            return True
    return False


def told(kept: Kept, items: list[str]) -> bytes:
    return b" ".join(_told(kept, items))


def _told(kept: Kept, items: list[str]) -> Iterator[bytes]:
    for item in items:
        name = item.upper()
        found = _BODY.fullmatch(item)
        if found:
            section, start = found[2], found[3]
            part = _section(kept.raw, section)
            label = f"BODY[{section.upper()}]"
            if start is not None:
                part = part[int(start) : int(start) + int(found[4])]
                label += f"<{start}>"
            yield label.encode() + _literal(part)
        elif name == "UID":
            yield f"UID {kept.uid}".encode()
        elif name == "FLAGS":
            yield f"FLAGS ({' '.join(sorted(kept.flags))})".encode()
        elif name == "INTERNALDATE":
            yield f"INTERNALDATE {internal_date(kept.arrived)}".encode()
        elif name == "RFC822.SIZE":
            yield f"RFC822.SIZE {len(kept.raw)}".encode()
        elif name in _OLD:
            yield name.encode() + _literal(_section(kept.raw, _OLD[name]))
        else:
            raise BadSyntax(f"{name} is not known here")


def _literal(content: bytes) -> bytes:
    return f" {{{len(content)}}}\r\n".encode() + content


def _section(raw: bytes, section: str) -> bytes:
    """The whole, its headers, some of them, or its text."""
    head, gap, text = raw.partition(b"\r\n\r\n")
    wanted = section.upper()
    if not wanted:
        return raw
    if wanted == "HEADER":
        return head + gap
    if wanted == "TEXT":
        return text
    fields = _FIELDS.fullmatch(section)
    if fields is None:
        raise BadSyntax("that part of a mail is not told here")
    names = {name.strip('"').lower() for name in fields[2].split()}
    kept = [
        line
        for line in re.split(rb"\r\n(?![ \t])", head)
        if (line.partition(b":")[0].decode("latin-1").lower() in names) is not bool(fields[1])
    ]
    return b"".join(line + b"\r\n" for line in kept) + b"\r\n"
