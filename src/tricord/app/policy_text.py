"""The text of a policy file as nodes that know their place. What the values mean is not decided."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

LONGEST = 256 * 1024
DEEPEST = 20
MOST = 20_000
_ENOUGH = 20

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# `${NAME}` cannot stand in a YAML flow mapping because of its braces. While YAML reads the text,
# two private characters stand for them: as long, so that every place stays right.
_OPEN, _CLOSE = "\ue000", "\ue001"
_BRACES = str.maketrans({_OPEN: "{", _CLOSE: "}"})

_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A problem before its place is known: `loc` leads to the node, `offset` into its text."""

    loc: Loc = ()
    message: str
    hint: str = ""
    offset: int | None = None
    on_key: bool = False
    index: int | None = None


class TextInvalid(ValueError):
    """The text is no YAML of the plain kind that a policy is written in."""

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        super().__init__(f"{len(flaws)} problems")
        self.flaws = flaws


@dataclass(frozen=True, slots=True)
class Scalar:
    start: int
    end: int
    text: str
    plain: bool

    @property
    def value(self) -> str | int | float | bool | None:
        """By the core schema of YAML 1.2, in which a date, `yes` and `NO` are texts."""
        if not self.plain:
            return self.text
        if self.text.lower() in _WORDS and self.text in (self.text.lower(), self.text.title()):
            return _WORDS[self.text.lower()]
        if _INTEGER.fullmatch(self.text) and len(self.text) < 19:
            return int(self.text)
        if _FLOAT.fullmatch(self.text):
            return float(self.text)
        return self.text


@dataclass(frozen=True, slots=True)
class Listing:
    start: int
    items: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    start: int
    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)


Node = Scalar | Listing | Table


def plain(node: Node) -> Any:
    """The node as lists, dicts and values. Keys are always texts: a CRM's stage may be `12345`."""
    match node:
        case Scalar():
            return node.value
        case Listing():
            return [plain(item) for item in node.items]
        case Table():
            return {key: plain(value) for key, (_, value) in node.entries.items()}


def nodes_of(text: str) -> Node:
    """Read `text`, whose line ends are LF. Raises TextInvalid.

    Aliases, anchors and tags are refused, so a small file cannot stand for a huge one.
    """
    if len(text.encode(errors="replace")) > LONGEST:
        size = f"the file is larger than {LONGEST // 1024} kB"
        raise TextInvalid((Flaw(message=size, hint="a policy is a short text", index=0),))
    strange = _UNREADABLE.search(text)
    if strange:
        words = f"the character U+{ord(strange.group()):04X} does not belong in a text file"
        raise TextInvalid((Flaw(message=words, hint="delete it", index=strange.start()),))
    builder = _Builder(text)
    problem: Flaw | None = None
    try:
        builder.build(VARIABLE.sub(lambda m: f"${_OPEN}{m[1]}{_CLOSE}", text))
    except MarkedYAMLError as error:
        problem = _syntax(error)
    except ReaderError as error:
        problem = Flaw(message="a character that YAML does not allow", index=int(error.position))
    except (YAMLError, ValueError, IndexError, AssertionError):
        problem = Flaw(message="the file is not valid YAML", index=0)
    flaws = (*builder.flaws, *((problem,) if problem else ()))
    if flaws:
        raise TextInvalid(flaws)
    if builder.root is None:
        raise TextInvalid((Flaw(message="the file is empty", hint=_START, index=0),))
    return builder.root


_START = "start from examples/agency/tricord.yaml"


class _Enough(Exception):
    """Nothing more is to be learned from this file."""


class _Builder:
    """Builds nodes from YAML's events with a stack of its own: depth costs no recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node | None = None
        self.flaws: list[Flaw] = []
        self._open: list[Listing | Table] = []
        self._keys: list[Scalar | None] = []
        self._count = 0

    def build(self, text: str) -> None:
        try:
            for event in self._events(text):
                self._take(event)
        except _Enough:
            return

    def _events(self, text: str) -> Iterator[Any]:
        yield from YAML(typ="safe", pure=True).parse(text)

    def _take(self, event: Any) -> None:
        at = event.start_mark.index if event.start_mark else 0
        if isinstance(event, NodeEvent):
            self._count += 1
            if self._count > MOST:
                self._flaw(at, f"more than {MOST} values in one file", "split the policy", end=True)
            self._refuse_references(event, at)
        match event:
            case DocumentStartEvent():
                if self.root is not None:
                    hint = "remove the line ---"
                    self._flaw(at, "a policy is one YAML document", hint, end=True)
                if event.tags:
                    self._flaw(at, "%TAG does not belong in a policy", "remove the line")
            case ScalarEvent():
                text = event.value.translate(_BRACES)
                strange = _UNREADABLE.search(text)
                if strange:
                    words = f"the character U+{ord(strange.group()):04X} is not text"
                    self._flaw(at, words, "delete it")
                self._add(Scalar(at, event.end_mark.index, text, bool(event.implicit[0])))
            case AliasEvent():
                self._add(Scalar(at, event.end_mark.index, "", True))
            case SequenceStartEvent():
                self._push(Listing(at), at)
            case MappingStartEvent():
                self._push(Table(at), at)
            case SequenceEndEvent() | MappingEndEvent():
                self._open.pop()
                self._keys.pop()

    def _refuse_references(self, event: Any, at: int) -> None:
        if isinstance(event, AliasEvent):
            self._flaw(at, f"the alias *{event.anchor} is not allowed", "write the value out")
        elif event.anchor is not None:
            self._flaw(at, f"the anchor &{event.anchor} is not allowed", "remove it")
        elif getattr(event, "ctag", None) is not None:
            self._flaw(at, "a YAML tag (!) is not allowed", "remove it or put the text in quotes")

    def _push(self, node: Listing | Table, at: int) -> None:
        self._add(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > DEEPEST:
            hint = "a policy needs six"
            self._flaw(at, f"more than {DEEPEST} levels of nesting", hint, end=True)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        match self._open[-1]:
            case Listing(items=items):
                items.append(node)
            case Table(entries=entries):
                key = self._keys[-1]
                if key is None:
                    self._keys[-1] = self._key(node)
                    return
                self._keys[-1] = None
                if key.text in entries:
                    first = self.text.count("\n", 0, entries[key.text][0].start) + 1
                    words = f'the key "{key.text}" stands twice, first in line {first}'
                    self._flaw(key.start, words, "keep one of them")
                entries.setdefault(key.text, (key, node))

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        self._flaw(node.start, "a key must be a plain word", "remove the brackets")
        return Scalar(node.start, node.start, "", False)

    def _flaw(self, index: int, message: str, hint: str, *, end: bool = False) -> None:
        self.flaws.append(Flaw(message=message, hint=hint, index=index))
        if end or len(self.flaws) >= _ENOUGH:
            raise _Enough


_HINTS = {
    "mapping values are not allowed here": 'put a text that contains ": " in quotes, and check '
    "the indentation",
    "that cannot start any token": "indent with spaces, and put a text that starts with a sign "
    "such as %, @ or ` in quotes",
    "expected ',' or": "close the bracket, or put a comma between the entries",
    "expected <block end>": "check the indentation of this line",
    "escape character": r"write \\ for a backslash, or use single quotes",
    "found unexpected end of stream": "close the quote",
    "could not find expected ':'": "write a colon and a space after the key",
}


def _syntax(error: MarkedYAMLError) -> Flaw:
    words = str(error.problem or error.context or "it cannot be read").translate(_BRACES)
    mark = error.problem_mark or error.context_mark
    if "end of stream" in words or "stream end" in words:
        # What was never closed is of more help than where the file ends.
        mark = error.context_mark or mark
    hint = next((hint for part, hint in _HINTS.items() if part in words), "check the punctuation")
    return Flaw(message=f"not valid YAML: {words}", hint=hint, index=mark.index if mark else 0)
