"""Write-back: the CRM shows what is owed, within moments of the money moving."""

from collections.abc import Iterator

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import Command, Effect, UpdateRecord, because
from tricord.core.ids import Instant, Ref
from tricord.core.ledger import Standing, of_deal, standings
from tricord.core.money import total
from tricord.core.policy.types import Policy
from tricord.core.records import Fields
from tricord.core.rules.news import happened_since_go_live

RULE = "write_back"
DEAL_FIELDS = ("payment_status", "outstanding")
ACCOUNT_FIELDS = ("overdue",)
_WORST_FIRST = ("disputed", "overdue", "refunded", "partly_paid", "invoiced", "paid")


def write_back(account: Account, policy: Policy, now: Instant) -> Iterator[Command | Case]:
    """One update for each CRM record whose figures differ from what we last wrote there."""
    for deal in account.deals:
        owed = of_deal(account, deal.ref)
        values = _of_deal(owed, policy, now)
        yield from _update(account, deal.ref, values, owed, policy)
    holders = [company.ref for company in account.companies]
    holders += [contact.ref for contact in account.contacts]
    holder = next(iter(holders), None)
    if holder is not None:
        every = standings(account)
        values = _of_account(every, policy, now)
        yield from _update(account, holder, values, every, policy)


def status_word(owed: tuple[Standing, ...], now: Instant) -> str:
    """The gravest state among a deal's invoices, "" when it has none."""
    words = {"overdue" if s.overdue(now) and not s.disputed else s.word for s in owed}
    return next((word for word in _WORST_FIRST if word in words), "")


def _of_deal(owed: tuple[Standing, ...], policy: Policy, now: Instant) -> Fields:
    if not owed:
        return ()
    currency = owed[0].balance.currency
    same = [s.outstanding for s in owed if s.balance.currency == currency]
    figures = {
        "payment_status": status_word(owed, now),
        "outstanding": total(same, currency).plain,
    }
    return _named(policy.write_back_to("deal"), figures)


def _of_account(owed: tuple[Standing, ...], policy: Policy, now: Instant) -> Fields:
    if not owed:
        return ()
    late = [s.outstanding for s in owed if s.overdue(now) and not s.disputed]
    ours = [money for money in late if money.currency == policy.firm.currency]
    figures = {"overdue": total(ours, policy.firm.currency).plain}
    return _named(policy.write_back_to("account"), figures)


def _named(wanted: tuple[tuple[str, str], ...], figures: dict[str, str]) -> Fields:
    return tuple(sorted((theirs, figures[ours]) for ours, theirs in wanted if ours in figures))


def _update(
    account: Account,
    target: Ref,
    values: Fields,
    owed: tuple[Standing, ...],
    policy: Policy,
) -> Iterator[Command | Case]:
    if not values or target.connection != policy.roles.crm:
        return
    written = account.writes_to(target)
    if written and _asked(written[-1]) == values:
        return
    if not any(happened_since_go_live(account, s, policy) for s in owed):
        return
    known = dict(_asked(written[-1])) if written else {}
    news = {name: value for name, value in values if known.get(name) != value}
    yield UpdateRecord(
        key=f"write_back/{target}/{len(written) + 1}",
        connection=policy.roles.crm,
        account=account.id,
        because=because(RULE, policy.version, **news),
        target=target,
        values=values,
    )


def _asked(effect: Effect) -> Fields:
    return effect.command.values if isinstance(effect.command, UpdateRecord) else ()
