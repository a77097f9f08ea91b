"""IMAP's syntax: a command line becomes words, lists and numbers (RFC 3501, section 9)."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

Word = str | bytes | list["Word"]
"""An atom as text, a quoted string or literal as bytes, a parenthesised list."""

_ATOM = re.compile(r"[^\s()\"{]*\[[^\]]*\](?:<[\d.]+>)?|[^\s()\"{]+")
_DEEPEST = 20
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip


class BadSyntax(Exception):
    """What the client sent is no IMAP; the answer is BAD."""


def words_of(line: bytes, literals: Sequence[bytes]) -> list[Word]:
    """The words of one command. Each `{n}` stands for the next literal."""
    text = line.decode("utf-8", "surrogateescape")
    waiting = iter(literals)
    stack: list[list[Word]] = [[]]
    place = 0
    while place < len(text):
        sign = text[place]
        if sign.isspace():
            place += 1
        elif sign == "(":
            if len(stack) > _DEEPEST:
                raise BadSyntax("too many parentheses")
            stack.append([])
            place += 1
        elif sign == ")":
            if len(stack) == 1:
                raise BadSyntax("a parenthesis too many")
            inner = stack.pop()
            stack[-1].append(inner)
            place += 1
        elif sign == '"':
            word, place = _quoted(text, place)
            stack[-1].append(word)
        elif sign == "{":
            end = text.find("}", place)
            literal = next(waiting, None)
            if end < 0 or literal is None:
                raise BadSyntax("a literal is missing")
            stack[-1].append(literal)
            place = end + 1
        else:
            found = _ATOM.match(text, place)
            if found is None:
                raise BadSyntax("not a word")
            stack[-1].append(found[0])
            place = found.end()
    if len(stack) != 1:
        raise BadSyntax("a parenthesis is open")
    return stack[0]


def _quoted(text: str, place: int) -> tuple[bytes, int]:
    out: list[str] = []
    place += 1
    while place < len(text) and text[place] != '"':
        if text[place] == "\\":
            place += 1
        out.append(text[place : place + 1])
        place += 1
    if place >= len(text):
        raise BadSyntax("a quote is open")
    return "".join(out).encode("utf-8", "surrogateescape"), place + 1


def plain(word: Word) -> str:
    """A word as text. Raises BadSyntax for a list."""
    if isinstance(word, list):
        raise BadSyntax("a list where a word was wanted")
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else word


def numbers_of(text: str, highest: int) -> Iterator[range]:
    """A sequence set such as `1:3,7,9:*`. `*` is the highest number, and ends may be swapped."""
    for part in text.split(","):
        ends = [highest if end == "*" else int(end) if end.isdigit() else -1
                for end in part.split(":")]  # fmt: skip
        if not 1 <= len(ends) <= 2 or min(ends) < 0:
            raise BadSyntax("not a set of numbers")
        yield range(min(ends), max(ends) + 1)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def internal_date(at: datetime) -> str:
    return f'"{at.day:2}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S %z}"'


def day_of(text: str) -> datetime:
    """A date such as 1-Nov-2026, at its midnight without a zone: dates here disregard zones."""
    found = re.fullmatch(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})", text)
    if found is None or found[2].title() not in _MONTHS:
        raise BadSyntax("not a date")
    try:
        return datetime(int(found[3]), _MONTHS.index(found[2].title()) + 1, int(found[1]))  # noqa: DTZ001
    except ValueError as error:
        raise BadSyntax("not a date") from error
