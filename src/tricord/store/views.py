"""What people see: read-only questions to the store, each answered in a few queries."""

from collections.abc import Sequence

from sqlalchemy import Select, and_, exists, func, or_, select

from tricord.core.account import Account
from tricord.core.commands import CreateInvoice
from tricord.core.ids import AccountId, Instant, Kind, Ref
from tricord.core.ledger import OWING, standing, standings
from tricord.core.money import Money
from tricord.core.records import Invoice
from tricord.core.story import asked
from tricord.store import codec, mirror
from tricord.store import commands as command_store
from tricord.store.account_views import (
    BOOKS,
    NAMES,
    keys_of,
    load,
    money_of,
    names_of,
    opened_name,
    ref_of,
    totals_of,
)
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import AccountRow, AttemptRow, CaseRow, CommandRow, InvoiceRow, LinkRow
from tricord.store.schema import accounts as account_table
from tricord.store.schema import attempts as attempt_table
from tricord.store.schema import cases as case_table
from tricord.store.schema import commands as command_table
from tricord.store.schema import links as link_table
from tricord.store.schema import records as record_table
from tricord.store.sealing import unseal

_AT_ONCE = 500


def accounts(tx: Tx, *, limit: int, search: str = "", offset: int = 0) -> list[AccountRow]:
    """The clients, latest change first. `search` is part of a name, a whole address, or an id."""
    ids = _found(tx, search.strip(), limit, offset) if search.strip() else None
    query = _clients().order_by(account_table.c.changed_at.desc(), account_table.c.id)
    if ids is None:
        query = query.limit(limit).offset(offset)
    else:
        query = query.where(account_table.c.id.in_(ids))
    rows = tx.db.execute(query).all()
    wanted = [row.id for row in rows]
    loaded = load(tx, wanted, (*BOOKS, *NAMES))
    counted = _counts(tx, record_table.c.account, wanted)
    troubled = _counts(tx, case_table.c.account, wanted, case_table.c.state == "open")
    return [
        AccountRow(
            id=row.id,
            name=loaded[row.id].name,
            records=counted.get(row.id, 0),
            totals=totals_of(standings(loaded[row.id]), tx.now),
            open_cases=troubled.get(row.id, 0),
            changed_at=from_micros(row.changed_at),
        )
        for row in rows
    ]


def account_count(tx: Tx) -> int:
    return int(tx.db.execute(select(func.count()).select_from(_clients().subquery())).scalar_one())


def account(
    tx: Tx, account_id: str
) -> tuple[Account, list[LinkRow], list[CaseRow], list[CommandRow]] | None:
    """One client whole, or the one it was merged into; None for an unknown id."""
    here = _home(tx, account_id)
    if here is None:
        return None
    effects = command_store.effects_of(tx, here)
    whole = Account(id=here, records=mirror.records_of(tx, here), effects=effects)
    links = [
        LinkRow(ref=ref_of(row), basis=row.basis, linked_at=from_micros(row.linked_at))
        for row in tx.db.execute(
            select(link_table)
            .where(link_table.c.account == here)
            .order_by(link_table.c.connection, link_table.c.kind, link_table.c.external_id)
        )
    ]
    wanted = select(case_table).where(case_table.c.account == here, case_table.c.state == "open")
    open_cases = _case_rows(tx, wanted.order_by(case_table.c.id.desc()))
    asked_for = select(command_table).where(command_table.c.account == here)
    return whole, links, open_cases, _command_rows(tx, asked_for.order_by(command_table.c.id.desc()))


def invoices(tx: Tx, *, limit: int, offset: int = 0) -> list[InvoiceRow]:
    """Invoices, the latest due first; those without a due date (drafts) stand before them."""
    newest = (record_table.c.due_at.is_not(None), record_table.c.due_at.desc())
    query = (
        select(record_table)
        .where(record_table.c.kind == Kind.INVOICE, record_table.c.shape == Kind.INVOICE)
        .order_by(*newest, record_table.c.connection, record_table.c.external_id)
        .limit(limit)
        .offset(offset)
    )
    rows = tx.db.execute(query).all()
    loaded = load(tx, {row.account for row in rows}, BOOKS)
    names = names_of(tx, {row.account for row in rows})
    found = [
        (row.account, invoice)
        for row in rows
        if isinstance(invoice := loaded[row.account].records.get(ref_of(row)), Invoice)
        and not invoice.gone
    ]
    installments = _installments(tx, [invoice.key for _, invoice in found if invoice.key])
    return [
        invoice_row(
            loaded[home], invoice, names[home], installments.get(invoice.key, ""), tx.now
        )
        for home, invoice in found
    ]


def invoice_row(
    held: Account, invoice: Invoice, name: str, installment: str, now: Instant
) -> InvoiceRow:
    """One invoice as our books have it. What was never issued, or is void, is owed by nobody."""
    owed = standing(held, invoice)
    owing, nothing = invoice.status in OWING, Money.zero(invoice.total.currency)
    return InvoiceRow(
        account=held.id,
        account_name=name,
        ref=invoice.ref,
        number=invoice.number,
        status=owed.word if owing else str(invoice.status),
        total=invoice.total,
        received=owed.received,
        refunded=owed.refunded,
        credited=owed.credited,
        outstanding=owed.outstanding if owing else nothing,
        balance=owed.balance if owing else nothing,
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        overdue=owing and owed.overdue(now),
        deal=invoice.deal,
        installment=installment,
        key=invoice.key,
    )


def commands(
    tx: Tx, *, limit: int, state: str | None = None, offset: int = 0
) -> list[CommandRow]:
    """What was asked for, newest first, in one state or in any."""
    query = select(command_table).order_by(command_table.c.id.desc())
    if state:
        query = query.where(command_table.c.state == state)
    return _command_rows(tx, query.limit(limit).offset(offset))


def command(tx: Tx, key_or_id: str) -> tuple[CommandRow, tuple[AttemptRow, ...]] | None:
    """One command with each attempt at it, oldest first."""
    wanted = command_table.c.key == key_or_id
    if key_or_id.isascii() and key_or_id.isdigit() and len(key_or_id) < 19:
        wanted = or_(wanted, command_table.c.id == int(key_or_id))
    found = _command_rows(tx, select(command_table).where(wanted))
    if not found:
        return None
    query = select(attempt_table).where(attempt_table.c.command == found[0].id)
    tries = tuple(
        AttemptRow(
            number=row.number,
            started_at=from_micros(row.started_at),
            ended_at=maybe_time(row.ended_at),
            outcome=row.outcome,
            calls=row.calls,
            problem=row.problem,
        )
        for row in tx.db.execute(query.order_by(attempt_table.c.number))
    )
    return found[0], tries


def cases(tx: Tx, *, limit: int, state: str = "open", offset: int = 0) -> list[CaseRow]:
    """The cases in a state (`open`, `closed`), those with the most minor units at stake first."""
    most = (case_table.c.minor.is_(None), case_table.c.minor.desc(), case_table.c.id.desc())
    query = select(case_table).where(case_table.c.state == state).order_by(*most)
    return _case_rows(tx, query.limit(limit).offset(offset))


def _clients():  # type: ignore[no-untyped-def]  # a SELECT over accounts
    """Accounts that a person would call a client: not merged away, with a deal, name or invoice."""
    kinds = [str(kind) for kind in (Kind.COMPANY, Kind.CONTACT, Kind.DEAL, Kind.INVOICE)]
    held = exists().where(
        and_(
            record_table.c.account == account_table.c.id,
            record_table.c.kind.in_(kinds),
            record_table.c.shape != "tombstone",
        )
    )
    return select(account_table).where(account_table.c.merged_into.is_(None), held)


def _found(tx: Tx, search: str, limit: int, offset: int) -> list[str]:
    """Ids of the clients that match, latest change first. Names are sealed, so each is opened."""
    exact = select(record_table.c.account).where(
        or_(
            record_table.c.external_id == search,
            record_table.c.email_index == tx.keys.blind("email", search),
        )
    )
    known = {search, *tx.db.execute(exact).scalars()}
    query = _clients().order_by(account_table.c.changed_at.desc(), account_table.c.id)
    hits: list[str] = []
    for row in tx.db.execute(query.execution_options(yield_per=_AT_ONCE)):
        if row.id in known or search.casefold() in opened_name(tx, row)[1].casefold():
            hits.append(row.id)
            if len(hits) >= offset + limit:
                break
    return hits[offset:]


def _counts(tx: Tx, column, ids: Sequence[str], *conditions) -> dict[str, int]:  # type: ignore[no-untyped-def]  # SQL
    query = select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
    return dict(tx.db.execute(query).tuples().all())


def _home(tx: Tx, account_id: str) -> AccountId | None:
    """The account, or the one it was merged into in the end."""
    for _ in range(16):
        query = select(account_table.c.merged_into).where(account_table.c.id == account_id)
        row = tx.db.execute(query).first()
        if row is None:
            return None
        if row.merged_into is None:
            return AccountId(account_id)
        account_id = row.merged_into
    return None


def _installments(tx: Tx, keys: Sequence[str]) -> dict[str, str]:
    rows = tx.db.execute(select(command_table).where(command_table.c.key.in_(keys))).all()
    opened = keys_of(tx, {row.account for row in rows})
    asked_for = (_command(opened[row.account], row) for row in rows)
    return {c.key: c.installment for c in asked_for if isinstance(c, CreateInvoice)}


def _command(key: bytes, row):  # type: ignore[no-untyped-def]  # a row of commands
    return codec.load_command(row.verb, unseal(key, row.sealed, f"commands|{row.key}"))


def _command_rows(tx: Tx, query: Select) -> list[CommandRow]:  # type: ignore[type-arg]  # of commands
    rows = tx.db.execute(query).all()
    homes = {row.account for row in rows}
    keys, names = keys_of(tx, homes), names_of(tx, homes)
    found = []
    for row in rows:
        opened = _command(keys[row.account], row)
        found.append(
            CommandRow(
                id=row.id,
                key=row.key,
                title=asked(opened),
                verb=row.verb,
                connection=row.connection,
                state=row.state,
                rule=row.rule,
                why=str(opened.because),
                because=opened.because,
                account=row.account,
                account_name=names[row.account],
                money=money_of(row),
                approver=row.approver,
                planned_at=from_micros(row.planned_at),
                due_at=from_micros(row.due_at),
                ended_at=maybe_time(row.ended_at),
                attempts=row.attempts,
                problem=row.problem,
                remote=row.remote or "",
            )
        )
    return found


def _case_rows(tx: Tx, query: Select) -> list[CaseRow]:  # type: ignore[type-arg]  # of cases
    rows = tx.db.execute(query).all()
    names = names_of(tx, {row.account for row in rows})
    found = []
    for row in rows:
        case = codec.load_case(unseal(tx.keys.common, row.sealed, f"cases|{row.key}"))
        found.append(
            CaseRow(
                id=row.id,
                key=row.key,
                kind=row.kind,
                title=case.title,
                owner=row.owner,
                state=row.state,
                money=case.money,
                account=row.account or "",
                account_name=names.get(row.account, "") if row.account else "",
                opened_at=from_micros(row.opened_at),
                closed_at=maybe_time(row.closed_at),
                next_actions=case.next_actions,
                evidence=case.evidence,
                why=str(case.because),
            )
        )
    return found
