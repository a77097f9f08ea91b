"""A reply's own words: the mail it answers is cut off, line by line and in linear time.

Only what is certain is cut: a known heading with nothing but the earlier mail below it. Answers
written between the lines of a quote are kept with the quote.
"""

import re

_LONGEST_HEADING = 400
_HEADING_LINES = 4
# "On Monday, Ann wrote:" as mail programs write it, by what the line begins and ends with.
_WROTE = re.compile(
    r"(?:on|am|le|el|il|op|den|w dniu|dne|em)\b.{4,}"
    r"\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev|napisał|napisal|escreveu)"
    r"\b.{0,120}:",
    re.IGNORECASE,
)
_WROTE_EAST = re.compile(r"\d{4}.{4,}(?:写道|のメール|作成|작성)[:：]")
_MARK = re.compile(
    r"-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|message d'origine"
    r"|mensaje original|messaggio originale|oorspronkelijk bericht|reply message)\s*-{2,}",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"\*?(from|von|de|da|van|från|fra|od|sent|gesendet|envoyé|enviado|inviato|verzonden|skickat"
    r"|date|datum|fecha|data|to|an|à|para|a|aan|till|til|do|subject|betreff|objet|asunto|oggetto"
    r"|onderwerp|ämne|emne|temat)\s?:\*?\s?\S",
    re.IGNORECASE,
)
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}|@")
_RULE = re.compile(r"_{10,}|-{20,}")


def own_words(text: str) -> str:
    """What was written anew. The whole text where nothing else would be left of it."""
    lines = text.split("\n")
    tail = _tail_of_quotes(lines)
    last_quote = max((n for n, line in enumerate(lines) if _is_quote(line)), default=-1)
    for place, line in enumerate(lines):
        if _MARK.fullmatch(line.strip()) or _is_header_block(lines, place):
            return _kept(lines, place, text)
        length = _heading_length(lines, place)
        below = place + length
        if length and (tail <= below <= last_quote or (last_quote < below < len(lines)
                       and _TIME.search(" ".join(lines[place:below])))):  # fmt: skip
            return _kept(lines, place, text)
    return _kept(lines, tail, text)


def _kept(lines: list[str], end: int, text: str) -> str:
    rest = lines[:end]
    while rest and (not rest[-1].strip() or _RULE.fullmatch(rest[-1].strip())):
        rest.pop()
    return "\n".join(rest).strip() or text.strip()


def _tail_of_quotes(lines: list[str]) -> int:
    """Where the lines begin after which nothing but quotes and blank lines is left."""
    place = len(lines)
    while place and (not lines[place - 1].strip() or _is_quote(lines[place - 1])):
        place -= 1
    return place


def _is_quote(line: str) -> bool:
    return line.lstrip().startswith(">")


def _heading_length(lines: list[str], place: int) -> int:
    """How many lines from here are one "… wrote:"; 0 for none. Programs break long ones."""
    joined = ""
    for length in range(1, _HEADING_LINES + 1):
        if place + length > len(lines):
            return 0
        line = lines[place + length - 1].strip()
        joined = f"{joined} {line}".strip()
        if len(joined) > _LONGEST_HEADING or not line:
            return 0
        if joined.endswith((":", "：")):
            found = _WROTE.fullmatch(joined) or _WROTE_EAST.fullmatch(joined)
            return length if found else 0
    return 0


def _is_header_block(lines: list[str], place: int) -> bool:
    """Three lines such as "From: …", "Sent: …", "To: …": Outlook's way to start the old mail."""
    block = [line.strip() for line in lines[place : place + 3]]
    return len(block) == 3 and all(
        len(line) <= _LONGEST_HEADING and _FIELD.match(line) for line in block
    )
