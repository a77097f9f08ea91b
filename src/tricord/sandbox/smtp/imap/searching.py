"""SEARCH: which mails of a folder a client asks for (RFC 3501, section 6.4.4)."""

from email import policy
from email.parser import BytesParser

from tricord.sandbox.smtp.imap.folders import Folder, Kept
from tricord.sandbox.smtp.imap.syntax import BadSyntax, Word, day_of, numbers_of, plain

_FLAGS = {
    "ANSWERED": "\\Answered", "DELETED": "\\Deleted", "DRAFT": "\\Draft", "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}  # fmt: skip
_HEADERS = ("FROM", "TO", "CC", "BCC", "SUBJECT")


def search(folder: Folder, words: list[Word]) -> list[tuple[int, Kept]]:
    """Each mail that every key holds for, with its place in the folder."""
    rest = list(words)
    if rest and isinstance(rest[0], str) and rest[0].upper() == "CHARSET":
        rest = rest[2:]
    placed = list(enumerate(folder.mails, start=1))
    while rest:
        chosen = _key(folder, rest)
        placed = [(place, kept) for place, kept in placed if (place, kept.uid) in chosen]
    return placed


def _key(folder: Folder, rest: list[Word]) -> set[tuple[int, int]]:
    """The mails one key holds for; its words are taken from `rest`."""
    word = rest.pop(0)
    everyone = list(enumerate(folder.mails, start=1))
    if isinstance(word, list):
        return {(place, kept.uid) for place, kept in search(folder, word)}
    name = plain(word).upper()
    if name == "NOT":
        unwanted = _key(folder, rest)
        return {(p, k.uid) for p, k in everyone} - unwanted
    if name == "OR":
        return _key(folder, rest) | _key(folder, rest)
    wanted = _wanted(name, rest)
    return {(p, k.uid) for p, k in everyone if _holds(folder, name, wanted, p, k)}


def _wanted(name: str, rest: list[Word]) -> list[str]:
    taken = {"HEADER": 2, "UID": 1, "SINCE": 1, "BEFORE": 1, "ON": 1, "SENTSINCE": 1, "TEXT": 1,
             "BODY": 1, "LARGER": 1, "SMALLER": 1} | dict.fromkeys(_HEADERS, 1)  # fmt: skip
    count = taken.get(name, 0)
    if len(rest) < count:
        raise BadSyntax(f"{name} wants more words")
    return [plain(rest.pop(0)) for _ in range(count)]


def _holds(folder: Folder, name: str, wanted: list[str], place: int, kept: Kept) -> bool:
    if name == "ALL":
        return True
    if name.removeprefix("UN") in _FLAGS:
        return (_FLAGS[name.removeprefix("UN")] in kept.flags) is not name.startswith("UN")
    if name in ("SINCE", "BEFORE", "ON"):
        arrived, day = kept.arrived.date(), day_of(wanted[0]).date()
        return {"SINCE": arrived >= day, "BEFORE": arrived < day, "ON": arrived == day}[name]
    if name == "HEADER":
        return _in_header(kept, wanted[0], wanted[1])
    if name in _HEADERS:
        return _in_header(kept, name, wanted[0])
    if name in ("TEXT", "BODY"):
        return wanted[0].lower().encode() in kept.raw.lower()
    if name in ("LARGER", "SMALLER"):
        size = len(kept.raw)
        return size > int(wanted[0]) if name == "LARGER" else size < int(wanted[0])
    highest = folder.mails[-1].uid if name == "UID" else len(folder.mails)
    text = wanted[0] if name == "UID" else name
    number = kept.uid if name == "UID" else place
    return any(number in part for part in numbers_of(text, highest))


def _in_header(kept: Kept, name: str, wanted: str) -> bool:
    parsed = BytesParser(policy=policy.compat32).parsebytes(kept.raw, headersonly=True)
    return any(wanted.lower() in str(value).lower() for value in parsed.get_all(name, []))
