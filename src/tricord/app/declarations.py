"""What reading a policy file gives and takes: plain values, without a parser behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tricord.core.ids import ConnectionName
from tricord.core.policy.types import Policy
from tricord.sdk.secret import Secret

COMING = (
    "quickbooks",
    "xero",
    "salesforce",
    "zoho",
    "dynamics365",
    "pipedrive",
    "freshsales",
    "keap",
    "bitrix24",
    "clio",
    "jane",
    "tebra",
    "gmail",
    "outlook",
    "aircall",
    "front",
    "intercom",
)
"""Connectors a policy may already name; their connections are read and not used."""


@dataclass(frozen=True, slots=True)
class ConnectorShape:
    """The settings a connector takes besides `connector`, `base_url` and `poll`.

    Of the sets in `either`, one must be given whole.
    Those named in `secret` are kept as secrets even where the file holds them as plain text.
    """

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    either: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return self.required | self.optional


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One connection of the file. A value whose variable is not set is left out of `values`."""

    name: ConnectionName
    connector: str
    values: Mapping[str, Secret | str]
    base_url: str | None
    poll: timedelta
    active: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    policy: Policy
    connections: tuple[ConnectionSettings, ...]
    public_url: str | None
    heartbeat_url: Secret | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file. Lines and columns count from 1; `source` is the line itself."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    source: str = field(default="", repr=False)

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        hint = f"; {self.hint}" if self.hint else ""
        words = f"{self.file}:{self.line}:{self.column}: {path}{self.message}{hint}"
        if not self.source.strip():
            return words
        before = "".join("\t" if c == "\t" else " " for c in self.source[: self.column - 1])
        return f"{words}\n    {self.source}\n    {before}^"


class PolicyInvalid(ValueError):
    """The policy file cannot be used. `problems` holds everything that was found, in order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
