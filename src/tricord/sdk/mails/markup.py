"""HTML reduced to its text, in one pass: nothing is run, nothing fetched, nothing scanned twice.

What is quoted gets the mark that plain mails have, so that one rule trims both.
"""

import html
import re
from collections.abc import Iterator

_NAME = re.compile(r"/?[a-z][a-z0-9]{0,20}")
_SMALL = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
"""Only ASCII is lowered: other letters may become two, and places would shift."""
_BREAKS = frozenset(
    ("br", "p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre",
     "blockquote", "section", "article", "header", "footer")
)  # fmt: skip
_UNSEEN = frozenset(("script", "style", "head", "title", "template", "svg", "noscript"))
_DEEPEST_QUOTE = 9


def reduced(text: str) -> str:
    """The text that a reader sees, each paragraph on lines of its own, quotes marked with `>`."""
    pieces: list[str] = []
    depth = 0
    for is_tag, piece in _pieces(text):
        if not is_tag:
            pieces.append(" ".join(_spaced(html.unescape(piece))))
            continue
        name = piece
        if name in ("blockquote", "/blockquote"):
            depth += 1 if name == "blockquote" else -1
            pieces.append(f"\n\x00{min(max(depth, 0), _DEEPEST_QUOTE)}")
        elif name == "li":
            pieces.append("\n- ")
        elif name in ("td", "th"):
            pieces.append(" ")
        elif name.removeprefix("/") in _BREAKS:
            pieces.append("\n")
    return _quoted("".join(pieces))


def _spaced(text: str) -> list[str]:
    """Words, with an empty one at an end where there was space: it parts them from a neighbour."""
    plain = text.replace("\x00", "")
    found = plain.split()
    if plain[:1].isspace():
        found = ["", *found]
    if plain[-1:].isspace() and found != [""]:
        found = [*found, ""]
    return found


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """(False, text between tags) and (True, name of a tag), in order."""
    small = text.translate(_SMALL)
    place = 0
    while (start := text.find("<", place)) >= 0:
        yield False, text[place:start]
        match = _NAME.match(small, start + 1)
        if match is None and text[start + 1 : start + 2] not in ("!", "?", "/"):
            yield False, "<"
            place = start + 1
            continue
        comment = text.startswith("<!--", start)
        end = text.find("-->", start + 4) if comment else text.find(">", start)
        if end < 0:
            return
        place = end + (3 if comment else 1)
        name = match[0] if match else ""
        if name in _UNSEEN and text[end - 1] != "/":
            place = small.find(f"</{name}", end)
            if place < 0:
                return
        elif name:
            yield True, name
    yield False, text[place:]


def _quoted(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for raw in text.split("\n"):
        line = raw
        if line.startswith("\x00"):
            depth, line = int(line[1]), line[2:]
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(f"{'>' * depth} {line}" if depth and line else line)
    return "\n".join(lines).strip()
