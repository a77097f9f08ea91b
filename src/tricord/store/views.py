"""What people see: read-only questions to the store, each answered in a few queries."""

from sqlalchemy import ColumnElement, and_, select

from tricord.core.account import Account
from tricord.core.ids import Instant, Kind
from tricord.core.ledger import OWING, standing
from tricord.core.money import Money
from tricord.core.policy.types import Policy
from tricord.core.records import Invoice
from tricord.store import books_views, deliveries, explain_views, modes, schema, status_views
from tricord.store.account_views import (
    BOOKS,
    clients,
    count_clients,
    home,
    load,
    names_of,
    open_case_counts,
    record_counts,
    ref_of,
    whole,
)
from tricord.store.case_views import (
    EVERY_CASE,
    CaseFilter,
    case_detail,
    case_rows,
    list_cases,
)
from tricord.store.codec import from_micros, to_micros
from tricord.store.command_views import attempts_of, command_row, command_rows, installments
from tricord.store.database import Tx
from tricord.store.row_views import (
    AccountRow,
    AttemptRow,
    CaseDetail,
    CaseRow,
    CommandRow,
    Explanation,
    InvoiceRow,
    LinkRow,
    Totals,
    plain,
)


def accounts(tx: Tx, *, limit: int, search: str = "", offset: int = 0) -> list[AccountRow]:
    """The clients, latest change first. `search` is part of a name, a whole address, or an id."""
    found = clients(tx, search.strip(), limit, offset)
    ids = [account_id for account_id, _ in found]
    names, sums = names_of(tx, ids), books_views.totals(tx, ids)
    held, troubled = record_counts(tx, ids), open_case_counts(tx, ids)
    return [
        AccountRow(
            id=account_id,
            name=names[account_id],
            records=held.get(account_id, 0),
            totals=sums.get(account_id, ()),
            open_cases=troubled.get(account_id, 0),
            changed_at=from_micros(changed_at),
        )
        for account_id, changed_at in found
    ]


def account(
    tx: Tx, account_id: str
) -> tuple[Account, list[LinkRow], list[CaseRow], list[CommandRow]] | None:
    """One client whole, or the one it was merged into; None for an unknown id."""
    here = home(tx, account_id)
    if here is None:
        return None
    links, cases, commands = schema.links, schema.cases, schema.commands
    crossing = (
        select(links)
        .where(links.c.account == here)
        .order_by(links.c.connection, links.c.kind, links.c.external_id)
    )
    open_here = (cases.c.account == here, cases.c.state == "open")
    return (
        whole(tx, here),
        [
            LinkRow(ref=ref_of(row), basis=row.basis, linked_at=from_micros(row.linked_at))
            for row in tx.db.execute(crossing)
        ],
        case_rows(tx, select(cases).where(*open_here).order_by(cases.c.id.desc())),
        command_rows(
            tx,
            select(commands).where(commands.c.account == here).order_by(commands.c.id.desc()),
        ),
    )


def invoices(
    tx: Tx, *, limit: int, offset: int = 0, wanted: str = "", currency: str = ""
) -> list[InvoiceRow]:
    """Invoices, the latest due first; those without a due date (drafts) stand before them.

    `wanted` is one of INVOICE_FILTERS, or "" for all; so is `currency`.
    """
    records, books = schema.records, schema.books
    same = and_(
        books.c.connection == records.c.connection, books.c.external_id == records.c.external_id
    )
    query = (
        select(records)
        .outerjoin(books, same)
        .where(records.c.kind == str(Kind.INVOICE), records.c.shape == str(Kind.INVOICE))
        .order_by(
            records.c.due_at.is_not(None),
            records.c.due_at.desc(),
            records.c.connection,
            records.c.external_id.desc(),
        )
        .limit(limit)
        .offset(offset)
    )
    if wanted:
        query = query.where(_standing(tx, wanted))
    if currency:
        query = query.where(records.c.currency == currency)
    rows = tx.db.execute(query).all()
    homes = {row.account for row in rows}
    loaded, names = load(tx, homes, BOOKS), names_of(tx, homes)
    found = [
        (loaded[row.account], invoice)
        for row in rows
        if isinstance(invoice := loaded[row.account].records[ref_of(row)], Invoice)
    ]
    bills = installments(tx, [invoice.key for _, invoice in found if invoice.key])
    return [
        invoice_row(held, invoice, names[held.id], bills.get(invoice.key, ""), tx.now)
        for held, invoice in found
    ]


def _standing(tx: Tx, wanted: str) -> ColumnElement[bool]:
    books, records = schema.books, schema.records
    owing = books.c.outstanding > 0
    return {
        "open": owing,
        "overdue": and_(owing, books.c.due_at <= to_micros(tx.now)),
        "disputed": books.c.word == "disputed",
        "paid": books.c.outstanding == 0,
        "draft": records.c.status == "draft",
        "void": records.c.status == "void",
    }[wanted]


def invoice_row(
    held: Account, invoice: Invoice, name: str, installment: str, now: Instant
) -> InvoiceRow:
    """One invoice as our books have it. A draft or a void one is owed by nobody."""
    owed = standing(held, invoice)
    owing = invoice.status in OWING and not invoice.gone
    nothing = Money.zero(invoice.total.currency)
    return InvoiceRow(
        account=held.id,
        account_name=name,
        ref=invoice.ref,
        number=invoice.number,
        status=owed.word if owing else "removed" if invoice.gone else str(invoice.status),
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
    tx: Tx,
    *,
    limit: int,
    state: str | None = None,
    offset: int = 0,
    verb: str = "",
    search: str = "",
) -> list[CommandRow]:
    """What was asked for, newest first. `search` is a key, or how keys begin."""
    commands = schema.commands
    query = select(commands).order_by(commands.c.id.desc())
    if state:
        query = query.where(commands.c.state == state)
    if verb:
        query = query.where(commands.c.verb == verb)
    if search:
        query = query.where(commands.c.key >= search, commands.c.key < search + "\U0010ffff")
    return command_rows(tx, query.limit(limit).offset(offset))


def command(tx: Tx, key_or_id: str) -> tuple[CommandRow, tuple[AttemptRow, ...]] | None:
    """One command with each attempt at it, oldest first."""
    found = command_row(tx, key_or_id)
    return None if found is None else (found, attempts_of(tx, found.id))


def cases(
    tx: Tx, *, limit: int, state: str = "open", offset: int = 0, filters: CaseFilter = EVERY_CASE
) -> list[CaseRow]:
    """The cases in a state (`open`, `snoozed`, or `closed` by anyone), newest first."""
    return list_cases(tx, filters, state, limit, offset)


def case(tx: Tx, key_or_id: str) -> CaseDetail | None:
    """One case with everything about it; of several with one key, the latest."""
    return case_detail(tx, key_or_id)


def totals(tx: Tx) -> tuple[Totals, ...]:
    """What the whole firm has invoiced and is owed, from columns alone."""
    return books_views.totals(tx).get("", ())


def status(tx: Tx) -> dict[str, object]:
    """How everything is doing, as plain JSON. Whatever is accepted is processed in the end:

    `accepted_minus_processed` returns to 0; what could not be read is parked, with an owner.
    """
    held = deliveries.counts(tx)
    return {
        "mode": str(modes.mode_of(tx)),
        "deliveries": held,
        "accepted_minus_processed": sum(held.values()) - held["absorbed"] - held["parked"],
        "oldest_waiting_seconds": status_views.oldest_waiting_seconds(tx),
        "hints": status_views.hints_waiting(tx),
        "commands": status_views.command_counts(tx),
        "open_cases": status_views.open_cases(tx),
        "at_stake": plain(status_views.at_stake(tx)),
        "connections": status_views.connection_health(tx),
        "accounts": count_clients(tx),
    }


def explain(tx: Tx, what: str, policy: Policy) -> Explanation | None:
    """The recorded facts about a command, invoice, deal or account; None when nothing is so called.

    `what` is a command's key or number, an invoice's number, a ref such as `hubspot:deal:42`, the
    vendor's id of an invoice or deal, or an account's id.
    """
    return explain_views.explain(tx, what.strip(), policy)
