"""Accounts read many at once: keys, names and records in one query each, however many they are."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import distinct, select

from tricord.core.account import Account
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.ledger import Standing, standings
from tricord.core.money import Money, total
from tricord.core.records import Record
from tricord.store import codec
from tricord.store.database import Tx
from tricord.store.row_views import Totals
from tricord.store.schema import accounts, records
from tricord.store.sealing import unseal

BOOKS = (Kind.INVOICE, Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE, Kind.CREDIT_NOTE)
"""What the ledger is made from."""
NAMES = (Kind.COMPANY, Kind.CONTACT, Kind.CUSTOMER, Kind.DEAL)
"""What an account gets its name from."""
_AT_ONCE = 200


def keys_of(tx: Tx, ids: Iterable[str]) -> dict[str, bytes]:
    wanted = sorted(set(ids))
    query = select(accounts.c.id, accounts.c.wrapped_key).where(accounts.c.id.in_(wanted))
    rows = tx.db.execute(query).all() if wanted else ()
    return {row.id: tx.keys.account_key(row.id, row.wrapped_key) for row in rows}


def load(tx: Tx, ids: Iterable[str], kinds: Sequence[Kind]) -> dict[str, Account]:
    """The accounts with their records of these kinds, and without their effects."""
    keys = keys_of(tx, ids)
    found: dict[str, dict[Ref, Record]] = {name: {} for name in keys}
    query = select(records).where(records.c.account.in_(sorted(keys)), records.c.kind.in_(kinds))
    for row in tx.db.execute(query).all() if keys else ():
        ref = Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id))
        raw = unseal(keys[row.account], row.sealed, f"records|{ref}")
        found[row.account][ref] = codec.load_record(row.shape, raw)
    return {name: Account(id=AccountId(name), records=held) for name, held in found.items()}


def names_of(tx: Tx, ids: Iterable[str | None]) -> dict[str, str]:
    """What people call each account. One that was never settled has no name yet."""
    wanted = sorted({name for name in ids if name})
    query = select(accounts).where(accounts.c.id.in_(wanted))
    return dict(opened_name(tx, row) for row in (tx.db.execute(query).all() if wanted else ()))


def opened_name(tx: Tx, row) -> tuple[str, str]:  # type: ignore[no-untyped-def]  # a row of accounts
    if row.sealed_name is None:
        return row.id, "(no name yet)"
    key = tx.keys.account_key(row.id, row.wrapped_key)
    return row.id, unseal(key, row.sealed_name, f"accounts|{row.id}|name").decode()


def with_invoices(tx: Tx) -> Iterator[Account]:
    """Every account that holds an invoice, with its books alone, some hundreds at a time."""
    query = select(distinct(records.c.account)).where(records.c.kind == Kind.INVOICE)
    ids = sorted(tx.db.execute(query).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        yield from load(tx, ids[start : start + _AT_ONCE], BOOKS).values()


def totals_of(owed: Iterable[Standing], now: Instant) -> tuple[Totals, ...]:
    """What was invoiced and what is still owed, currency by currency."""
    by_currency: dict[str, list[Standing]] = {}
    for one in owed:
        by_currency.setdefault(one.invoice.total.currency, []).append(one)
    return tuple(
        Totals(
            invoiced=total([one.invoice.total for one in held], currency),
            outstanding=total([one.outstanding for one in held], currency),
            overdue=total([one.outstanding for one in held if one.overdue(now)], currency),
        )
        for currency, held in sorted(by_currency.items())
    )


def totals_of_firm(tx: Tx) -> tuple[Totals, ...]:
    every = (one for account in with_invoices(tx) for one in standings(account))
    return totals_of(every, tx.now)


def money_of(row) -> Money | None:  # type: ignore[no-untyped-def]  # a row with minor and currency
    return Money(row.minor, row.currency) if row.currency else None
