"""A policy file as people see it: flaws become problems with line, column and the line itself."""

import re
from dataclasses import dataclass

from tricord.app.declarations import Problem
from tricord.app.policy_errors import node_at
from tricord.app.policy_text import Flaw, Loc, Node, Scalar, Table

_WIDEST = 160
_OPEN_SETTINGS = ("connector", "base_url", "poll", "sender")
# For lines that YAML could not read: a value behind a key that sounds like a credential.
_CREDENTIAL = re.compile(
    r"""(?i)(?:token|secret|key|password|sid|\burl|webhook_url)["']?\s*:\s*["']?"""
    r"""(?!\$\{)(?P<value>[^\s,}"']+)|://(?P<login>[^\s/@]+)@"""
)


@dataclass(frozen=True, slots=True)
class Page:
    """`root` is None when the text could not be read as YAML."""

    file: str
    text: str
    root: Node | None = None

    def line_of(self, index: int) -> int:
        return self.text.count("\n", 0, index) + 1

    def problem(self, flaw: Flaw) -> Problem:
        index = self._index(flaw)
        start = self.text.rfind("\n", 0, index) + 1
        end = self.text.find("\n", index)
        source = self._masked(start, len(self.text) if end < 0 else end)
        return Problem(
            file=self.file,
            line=self.line_of(index),
            column=index - start + 1,
            path=path_of(flaw.loc[:-1] if flaw.on_key else flaw.loc),
            message=flaw.message,
            hint=flaw.hint,
            source=source if len(source) <= _WIDEST else "",
        )

    def _index(self, flaw: Flaw) -> int:
        if flaw.index is not None or self.root is None:
            return min(flaw.index or 0, len(self.text))
        if flaw.on_key:
            parent = node_at(self.root, flaw.loc[:-1])
            key = str(flaw.loc[-1])
            if isinstance(parent, Table) and key in parent.entries:
                return parent.entries[key][0].start
        node = node_at(self.root, flaw.loc)
        if isinstance(node, Scalar):
            return self._start(node) + self._inside(node, flaw.offset)
        return node.start

    def _start(self, node: Scalar) -> int:
        """An empty value has its place behind the key's colon, not on the line of the next key."""
        if node.start == node.end and node.text == "":
            return len(self.text[: node.start].rstrip())
        return node.start

    def _inside(self, node: Scalar, offset: int | None) -> int:
        """How far into the node `offset` lies; 0 when the text was folded or escaped."""
        if offset is None or offset > len(node.text):
            return 0
        quote = 0 if node.plain else 1
        first = node.start + quote
        return quote + offset if self.text[first : first + len(node.text)] == node.text else 0

    def _masked(self, start: int, end: int) -> str:
        line = list(self.text[start:end])
        hidden = [match.span(match.lastgroup or 0) for match in _CREDENTIAL.finditer("".join(line))]
        hidden += [(node.start - start, node.end - start) for node in self._settings()]
        for first, last in hidden:
            for place in range(max(first, 0), min(last, len(line))):
                line[place] = "*"
        return "".join(line)

    def _settings(self) -> list[Scalar]:
        """Settings written as plain text; what names a variable may be shown."""
        connections = node_at(self.root, ("connections",)) if self.root else None
        if not isinstance(connections, Table):
            return []
        return [
            value
            for _, connection in connections.entries.values()
            if isinstance(connection, Table)
            for name, (_, value) in connection.entries.items()
            if name not in _OPEN_SETTINGS and isinstance(value, Scalar)
            if not value.text.startswith("${")
        ]


def path_of(loc: Loc) -> str:
    """`billing.plans[0].when`."""
    path = ""
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith("("):
            path += f".{step}" if path else step
    return path
