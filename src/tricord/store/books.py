"""The books as columns: what each invoice stands at and what moved it, to be summed by queries.

They are made from the account's ledger whenever the account is settled, so they never say anything
that the ledger does not; they exist because a firm's totals must not open every record it has.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select

from tricord.core.account import Account
from tricord.core.ids import Instant, Kind, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.money import Money
from tricord.core.records import DisputeStatus, PaymentStatus, RefundStatus
from tricord.store.codec import maybe_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import books, movements

BILLED = str(Kind.INVOICE)
"""The kind of the movement that an invoice's own total is."""
ELSEWHERE = "elsewhere"
"""The kind of a movement that the billing engine tells of without a record: paid outside it."""
Values = dict[str, Any]


def keep(tx: Tx, account: Account) -> None:
    """Have the books of this account say what its ledger says now. Writes what differs, no more."""
    owed = standings(account)
    _sync(tx, books, account.id, [_standing(account, one) for one in owed])
    _sync(tx, movements, account.id, [row for one in owed for row in _moved(account, one)])


def _standing(account: Account, owed: Standing) -> Values:
    invoice = owed.invoice
    return {
        "connection": invoice.ref.connection,
        "external_id": invoice.ref.external_id,
        "account": account.id,
        "word": owed.word,
        "currency": invoice.total.currency,
        "total": invoice.total.minor,
        "received": owed.received.minor,
        "outstanding": owed.outstanding.minor,
        "reached_at": maybe_micros(_reached(account, invoice.key)),
        "issued_at": maybe_micros(invoice.issued_at),
        "due_at": maybe_micros(invoice.due_at),
        "settled_at": maybe_micros(owed.settled_at),
    }


def _reached(account: Account, key: str) -> Instant | None:
    """When the deal reached what this invoice bills, as the command that asked for it says."""
    effect = account.effects.get(key)
    facts = dict(effect.command.because.facts) if effect else {}
    return datetime.fromisoformat(facts["reached"]) if facts.get("reached") else None


def _moved(account: Account, owed: Standing) -> Iterator[Values]:
    """Every movement of one invoice, signed: they sum up to its balance."""
    invoice = owed.invoice
    yield _row(account, invoice.ref, invoice.total, invoice.issued_at)
    paid = {
        payment.ref: payment
        for payment in account.payments
        if payment.invoice == invoice.ref and payment.status is PaymentStatus.PAID
    }
    known = Money.zero(invoice.total.currency)
    for payment in paid.values():
        known = known + payment.amount
        yield _row(account, payment.ref, -payment.amount, payment.paid_at or invoice.paid_at)
    for refund in account.refunds:
        if refund.payment in paid and refund.status is not RefundStatus.FAILED:
            yield _row(account, refund.ref, refund.amount, refund.created_at)
    for dispute in account.disputes:
        if dispute.payment in paid and dispute.status is DisputeStatus.LOST:
            yield _row(account, dispute.ref, dispute.amount, dispute.created_at)
    for note in account.credit_notes:
        if note.invoice == invoice.ref and not note.void:
            yield _row(account, note.ref, -note.amount, note.created_at)
    if owed.received > known:
        rest = known - owed.received
        yield _row(account, invoice.ref, rest, invoice.paid_at) | {"kind": ELSEWHERE}


def _row(account: Account, ref: Ref, money: Money, at: Instant | None) -> Values:
    return {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
        "account": account.id,
        "currency": money.currency,
        "minor": money.minor,
        "moved_at": maybe_micros(at),
    }


def _sync(tx: Tx, table: Table, account: str, wanted: Iterable[Values]) -> None:
    names = [column.name for column in table.primary_key.columns]
    identity = tuple(names)
    held = {
        tuple(row[name] for name in identity): dict(row)
        for row in tx.db.execute(select(table).where(table.c.account == account)).mappings()
    }
    for values in wanted:
        key = tuple(values[name] for name in identity)
        if held.pop(key, None) == values:
            continue
        changed = {name: value for name, value in values.items() if name not in identity}
        statement = upsert(tx)(table).values(values)
        tx.db.execute(statement.on_conflict_do_update(index_elements=names, set_=changed))
    for key in held:
        here = [table.c[name] == value for name, value in zip(identity, key, strict=True)]
        tx.db.execute(delete(table).where(table.c.account == account, *here))
