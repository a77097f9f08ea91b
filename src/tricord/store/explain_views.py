"""Explain: what happened and why, in lines of plain text, from recorded facts alone."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from tricord.core.account import Account
from tricord.core.ids import AccountId, Instant, Kind, Ref
from tricord.core.ledger import OWING, standing, standings
from tricord.core.policy.types import Policy
from tricord.core.records import Deal, Invoice
from tricord.core.story import story
from tricord.store.account_views import home, ref_of, whole, with_invoices
from tricord.store.case_views import case_rows
from tricord.store.command_views import attempts_of, command_row
from tricord.store.contract_views import ShareRow, deal_row, of_this_deal
from tricord.store.database import Tx
from tricord.store.row_views import AttemptRow, CaseRow, CommandRow, Explanation
from tricord.store.schema import cases, records

_LATEST = 10


def explain(tx: Tx, what: str, policy: Policy) -> Explanation | None:
    """The first that fits: a command, an account, an invoice or deal by ref or id, a number."""
    command = command_row(tx, what)
    if command is not None:
        account = whole(tx, AccountId(command.account))
        return _of_command(account, command, attempts_of(tx, command.id), policy)
    here = home(tx, what)
    if here is not None:
        return _of_account(whole(tx, here), _open_cases(tx, here), policy, tx.now)
    place = _place(tx, what) or _numbered(tx, what)
    if place is None:
        return None
    account = whole(tx, place[0])
    record = account.records[place[1]]
    if isinstance(record, Deal):
        return _of_deal(account, record, _open_cases(tx, account.id), policy)
    if isinstance(record, Invoice):
        command = command_row(tx, record.key) if record.key else None
        attempts = attempts_of(tx, command.id) if command else ()
        return _of_invoice(account, record, command, attempts, policy, tx.now)
    return None


def _place(tx: Tx, what: str) -> tuple[AccountId, Ref] | None:
    """An invoice or deal by its ref or by the vendor's id for it."""
    connection, _, rest = what.partition(":")
    kind, _, external_id = rest.partition(":")
    named = and_(
        records.c.connection == connection,
        records.c.kind == kind,
        records.c.external_id == external_id,
    )
    kinds = [str(Kind.INVOICE), str(Kind.DEAL)]
    query = select(records).where(
        records.c.kind.in_(kinds), or_(records.c.external_id == what, named)
    )
    row = tx.db.execute(query.order_by(records.c.connection, records.c.kind)).first()
    return (AccountId(row.account), ref_of(row)) if row else None


def _numbered(tx: Tx, number: str) -> tuple[AccountId, Ref] | None:
    """The invoice of this number. Numbers are sealed, so every invoice may have to be opened."""
    for account in with_invoices(tx):
        for invoice in account.invoices:
            if invoice.number and invoice.number.casefold() == number.casefold():
                return account.id, invoice.ref
    return None


def _open_cases(tx: Tx, account: AccountId) -> list[CaseRow]:
    query = select(cases).where(cases.c.account == account, cases.c.state == "open")
    return case_rows(tx, query.order_by(cases.c.id))


def _of_command(
    account: Account, command: CommandRow, attempts: Sequence[AttemptRow], policy: Policy
) -> Explanation:
    lines = [
        f"Command {command.id}: {command.key}",
        f"For {account.name} at {command.connection}: {command.state}",
        *_why(command, attempts, policy),
    ]
    invoice = account.invoice_of(command.key)
    if invoice is not None:
        lines += _books(account, invoice, policy)
    return Explanation(what=command.title, lines=tuple(lines))


def _of_invoice(
    account: Account,
    invoice: Invoice,
    command: CommandRow | None,
    attempts: Sequence[AttemptRow],
    policy: Policy,
    now: Instant,
) -> Explanation:
    lines = [f"For {account.name}, {invoice.ref}", *_books(account, invoice, policy)]
    if invoice.status in OWING and standing(account, invoice).overdue(now):
        lines.append("It is overdue")
    if command is None:
        lines.append("No command of Tricord asked for it: it was made by hand")
    else:
        lines.append(f"Asked for by command {command.id}: {command.key} ({command.state})")
        lines += _why(command, attempts, policy)
    lines += _history(account, policy, {invoice.ref, *_moves(account, invoice)})
    return Explanation(what=f"Invoice {invoice.number or invoice.ref}", lines=tuple(lines))


def _of_deal(
    account: Account, deal: Deal, open_cases: Sequence[CaseRow], policy: Policy
) -> Explanation:
    row = deal_row(account, deal, open_cases, policy)
    milestone = policy.milestone_of(deal.stage)
    means = f", which means {milestone.replace('_', ' ')}" if milestone else ""
    lines = [
        f"For {account.name}, {deal.ref}",
        f"It stands in stage {deal.stage or '(none)'}{means}",
    ]
    if row.plan:
        lines.append(f"Billing plan {row.plan}, policy {policy.version}")
    if row.value is not None:
        lines.append(f"Contract value {row.value}")
    if row.note:
        lines.append(row.note)
    lines += [_share(share, policy) for share in row.shares]
    if row.unassigned:
        lines.append(f"{row.unassigned} is in no installment")
    lines += [_case(case) for case in open_cases if of_this_deal(case, deal)]
    return Explanation(what=f"Deal {row.name}", lines=tuple(lines))


def _of_account(
    account: Account, open_cases: Sequence[CaseRow], policy: Policy, now: Instant
) -> Explanation:
    lines = [
        f"{account.id}: {len(account.records)} records, {len(account.effects)} commands",
        *(f"Deal {deal.name or deal.ref}: {deal.ref}" for deal in account.deals),
    ]
    for owed in standings(account):
        word = "overdue" if owed.overdue(now) and not owed.disputed else owed.word
        name = owed.invoice.number or owed.invoice.ref
        lines.append(
            f"Invoice {name}: {word.replace('_', ' ')}, "
            f"{owed.outstanding} outstanding of {owed.invoice.total}"
        )
    lines += [_case(case) for case in open_cases]
    lines += _history(account, policy, None)
    return Explanation(what=account.name, lines=tuple(lines))


def _why(command: CommandRow, attempts: Sequence[AttemptRow], policy: Policy) -> list[str]:
    lines = [
        f"Rule {command.rule}, policy {command.because.policy}",
        *(f"  {name}: {value}" for name, value in command.because.facts),
        f"Planned {_time(command.planned_at, policy)}",
    ]
    if command.approver:
        lines.append(f"Needs approval by {command.approver}")
    for attempt in attempts:
        took = f", {attempt.calls} call{'' if attempt.calls == 1 else 's'}"
        problem = f": {attempt.problem}" if attempt.problem else ""
        lines.append(
            f"Attempt {attempt.number}, {_time(attempt.started_at, policy)}: "
            f"{attempt.outcome or 'still under way'}{took}{problem}"
        )
    if command.problem and not any(command.problem == attempt.problem for attempt in attempts):
        lines.append(f"Problem: {command.problem}")
    if command.ended_at is not None:
        lines.append(f"Ended {_time(command.ended_at, policy)}: {command.state}")
    if command.remote:
        lines.append(f"At the vendor it is {command.remote}")
    return lines


def _books(account: Account, invoice: Invoice, policy: Policy) -> list[str]:
    if invoice.status not in OWING:
        return [f"Total {invoice.total}; the billing engine says it is {invoice.status}"]
    owed = standing(account, invoice)
    parts = [f"total {invoice.total}", f"received {owed.received}"]
    parts += [f"refunded {owed.refunded}"] if owed.refunded else []
    parts += [f"lost in disputes {owed.reversed}"] if owed.reversed else []
    parts += [f"credited {owed.credited}"] if owed.credited else []
    due = invoice.due_at
    when = f", due {due.astimezone(policy.firm.zone).date()}" if due else ""
    word = owed.word.replace("_", " ")
    return [f"It is {word}: {', '.join(parts)}; balance {owed.balance}{when}"]


def _moves(account: Account, invoice: Invoice) -> set[Ref]:
    """The payments, refunds, disputes and credits of one invoice."""
    paid = {payment.ref for payment in account.payments if payment.invoice == invoice.ref}
    back = {r.ref for r in account.refunds if r.payment in paid}
    contested = {d.ref for d in account.disputes if d.payment in paid}
    return (
        paid
        | back
        | contested
        | {note.ref for note in account.credit_notes if note.invoice == invoice.ref}
    )


def _history(account: Account, policy: Policy, about: set[Ref] | None) -> list[str]:
    """The latest entries of the story, newest first: all of them, or those about these records."""
    told = [entry for entry in story(account, policy) if about is None or entry.ref in about]
    return [
        f"{_time(entry.at, policy)}  {entry.title}" + (f", {entry.money}" if entry.money else "")
        for entry in told[:_LATEST]
    ]


def _share(share: ShareRow, policy: Policy) -> str:
    reached = f", reached {_time(share.reached_at, policy)}" if share.reached_at else ""
    state = share.state.replace("_", " ")
    return (
        f"Installment {share.installment}: {share.amount} at {share.milestone}{reached}: "
        f"{state}. {share.note}"
    )


def _case(case: CaseRow) -> str:
    at_stake = f", {case.money} at stake" if case.money else ""
    return f"Open case: {case.title} (for {case.owner}{at_stake})"


def _time(at: Instant, policy: Policy) -> str:
    return f"{at.astimezone(policy.firm.zone):%Y-%m-%d %H:%M:%S %Z}"
