"""Cases: things a person must look at, with owner, money, evidence and what to do next."""

from dataclasses import dataclass

from tricord.core.commands import Because
from tricord.core.ids import AccountId
from tricord.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`key` is stable while its cause lasts: the same cause never opens a second case.

    `owner` is who the policy names (`role:finance`); `next_actions` are sentences, best first.
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
