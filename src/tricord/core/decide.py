"""Decide: given this account, this policy and this moment, what should exist by now?

This is the only place where the business is decided, and the product's table of contents.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import Command
from tricord.core.ids import Instant
from tricord.core.ledger import standings
from tricord.core.policy.types import Policy
from tricord.core.rules.billing_plan import billing_plan
from tricord.core.rules.bounces import bounces
from tricord.core.rules.follow_up import follow_up
from tricord.core.rules.master_record import master_record
from tricord.core.rules.timeline import timeline
from tricord.core.rules.uninvoiced import looks_at, uninvoiced
from tricord.core.rules.write_back import write_back

Rule = Callable[[Account, Policy, Instant], Iterator[Command | Case]]

RULES: tuple[Rule, ...] = (
    billing_plan,
    uninvoiced,
    write_back,
    master_record,
    follow_up,
    timeline,
    bounces,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What should exist by now and does not, what a person must see, and when to look again."""

    commands: tuple[Command, ...]
    cases: tuple[Case, ...]
    wake_at: Instant | None


def decide(account: Account, policy: Policy, now: Instant) -> Plan:
    """The work that is left: desired minus done. A known key is done or on its way.

    Pure: the same account, policy and moment give the same plan, in the same order.
    """
    commands: dict[str, Command] = {}
    cases: dict[str, Case] = {}
    for rule in RULES:
        for wanted in rule(account, policy, now):
            if isinstance(wanted, Case):
                cases.setdefault(wanted.key, wanted)
            elif wanted.key not in account.effects:
                commands.setdefault(wanted.key, wanted)
    return Plan(
        commands=tuple(commands.values()),
        cases=tuple(cases.values()),
        wake_at=_next_look(account, policy, now),
    )


def _next_look(account: Account, policy: Policy, now: Instant) -> Instant | None:
    """The next moment at which time alone changes the answer: an open invoice falls due, or one
    that should be there has not come."""
    due = [s.invoice.due_at for s in standings(account) if s.outstanding and s.invoice.due_at]
    return min((at for at in (*due, *looks_at(account, policy)) if at > now), default=None)
