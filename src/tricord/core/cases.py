"""Cases: things a person must look at, with owner, money, evidence and what to do next."""

from dataclasses import dataclass
from enum import StrEnum

from tricord.core.alerts import Severity
from tricord.core.case_kinds import Action, kind_of
from tricord.core.commands import Because
from tricord.core.ids import AccountId
from tricord.core.money import Money


class CaseState(StrEnum):
    """`snoozed` is open and put off; `closed` by itself, its cause being gone; `resolved` by a
    person, and so it stays while its facts are the same."""

    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    RESOLVED = "resolved"


LIVE = (CaseState.OPEN, CaseState.SNOOZED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`key` is stable while its cause lasts: the same cause never opens a second case.

    `owner` is who the policy names (`role:finance`); `next_actions` are sentences, best first.
    `where` is the connection it is about, if it is about one: cases of one kind and connection have
    one cause, and are told of together.
    """

    key: str
    kind: str
    title: str
    owner: str
    because: Because
    next_actions: tuple[str, ...]
    account: AccountId | None = None
    money: Money | None = None
    evidence: tuple[str, ...] = ()
    where: str = ""

    @property
    def cause(self) -> str:
        return f"{self.kind}/{self.where}" if self.where else self.kind

    @property
    def severity(self) -> Severity:
        return kind_of(self.kind).severity

    @property
    def actions(self) -> tuple[Action, ...]:
        return kind_of(self.kind).actions
