"""Accounts read many at once: keys, names and records in one query each, however many they are."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Select, and_, exists, func, or_, select

from tricord.core.account import Account
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.ledger import Standing
from tricord.core.money import Money, total
from tricord.core.records import Record
from tricord.store import codec
from tricord.store.commands import effects_of
from tricord.store.database import Tx
from tricord.store.mirror import records_of
from tricord.store.row_views import Ageing, Totals
from tricord.store.schema import accounts, cases, records
from tricord.store.sealing import unseal

BOOKS = (Kind.INVOICE, Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE, Kind.CREDIT_NOTE)
"""What the ledger is made from."""
_CLIENT = (Kind.COMPANY, Kind.CONTACT, Kind.DEAL, Kind.INVOICE)
_AT_ONCE = 200
_LONGEST_MERGE = 16


def home(tx: Tx, account_id: str) -> AccountId | None:
    """The account of this id, or the one it was merged into in the end."""
    for _ in range(_LONGEST_MERGE):
        query = select(accounts.c.merged_into).where(accounts.c.id == account_id)
        row = tx.db.execute(query).first()
        if row is None:
            return None
        if row.merged_into is None:
            return AccountId(account_id)
        account_id = row.merged_into
    return None


def whole(tx: Tx, account: AccountId) -> Account:
    """One account with all its records and effects."""
    return Account(id=account, records=records_of(tx, account), effects=effects_of(tx, account))


def load(tx: Tx, ids: Iterable[str], kinds: Sequence[Kind]) -> dict[str, Account]:
    """The accounts with their records of these kinds, and without their effects."""
    keys = keys_of(tx, ids)
    found: dict[str, dict[Ref, Record]] = {name: {} for name in keys}
    of_kind = records.c.kind.in_([str(kind) for kind in kinds])
    query = select(records).where(records.c.account.in_(sorted(keys)), of_kind)
    for row in tx.db.execute(query).all() if keys else ():
        ref = ref_of(row)
        raw = unseal(keys[row.account], row.sealed, f"records|{ref}")
        found[row.account][ref] = codec.load_record(row.shape, raw)
    return {name: Account(id=AccountId(name), records=held) for name, held in found.items()}


def keys_of(tx: Tx, ids: Iterable[str]) -> dict[str, bytes]:
    wanted = sorted(set(ids))
    query = select(accounts.c.id, accounts.c.wrapped_key).where(accounts.c.id.in_(wanted))
    rows = tx.db.execute(query).all() if wanted else ()
    return {row.id: tx.keys.account_key(row.id, row.wrapped_key) for row in rows}


def names_of(tx: Tx, ids: Iterable[str | None]) -> dict[str, str]:
    """What people call each account."""
    wanted = sorted({name for name in ids if name})
    query = select(accounts).where(accounts.c.id.in_(wanted))
    return {row.id: _name(tx, row) for row in (tx.db.execute(query).all() if wanted else ())}


def clients(tx: Tx, search: str, limit: int, offset: int) -> list[tuple[str, int]]:
    """(id, changed at) of the accounts a person would call a client, latest change first.

    Names are sealed, so a search opens each until enough of them match.
    """
    query = _clients().order_by(accounts.c.changed_at.desc(), accounts.c.id)
    if not search:
        rows = tx.db.execute(query.limit(limit).offset(offset))
        return [(row.id, row.changed_at) for row in rows]
    known, wanted = _known_by(tx, search), search.casefold()
    hits: list[tuple[str, int]] = []
    for row in tx.db.execute(query).all():
        if row.id in known or wanted in _name(tx, row).casefold():
            hits.append((row.id, row.changed_at))
            if len(hits) == offset + limit:
                break
    return hits[offset:]


def every_account(tx: Tx) -> list[AccountId]:
    """All that were not merged away, by id."""
    query = select(accounts.c.id).where(accounts.c.merged_into.is_(None)).order_by(accounts.c.id)
    return [AccountId(name) for name in tx.db.execute(query).scalars()]


def count_clients(tx: Tx) -> int:
    return int(tx.db.execute(select(func.count()).select_from(_clients().subquery())).scalar_one())


def record_counts(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    column = records.c.account
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict(tx.db.execute(query).all())


def open_case_counts(tx: Tx, ids: Sequence[str]) -> dict[str | None, int]:
    column = cases.c.account
    query = select(column, func.count()).where(column.in_(ids), cases.c.state == "open")
    return dict(tx.db.execute(query.group_by(column)).all())


def with_invoices(tx: Tx) -> Iterator[Account]:
    """Every account that holds an invoice, with its books alone, some hundreds at a time."""
    query = select(records.c.account).where(records.c.kind == str(Kind.INVOICE)).distinct()
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
            ageing=_ageing(held, currency, now),
        )
        for currency, held in sorted(by_currency.items())
    )


def _ageing(owed: Sequence[Standing], currency: str, now: Instant) -> Ageing:
    def late(after: int, until: int | None) -> Money:
        """Past due by more than `after` days, and by no more than `until`."""
        return total(
            [
                one.outstanding
                for one in owed
                if one.overdue(now)
                and one.invoice.due_at is not None
                and after <= (now - one.invoice.due_at).days
                and (until is None or (now - one.invoice.due_at).days < until)
            ],
            currency,
        )

    current = [one.outstanding for one in owed if not one.overdue(now)]
    return Ageing(
        not_due=total(current, currency),
        to_30=late(0, 30),
        to_60=late(30, 60),
        older=late(60, None),
    )


def ref_of(row) -> Ref:  # type: ignore[no-untyped-def]  # a row of records, links or hints
    return Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id))


def money_of(row) -> Money | None:  # type: ignore[no-untyped-def]  # a row with minor and currency
    return Money(row.minor, row.currency) if row.currency else None


def _clients() -> Select:  # type: ignore[type-arg]  # rows of accounts
    """Neither merged away nor without a CRM record and an invoice."""
    held = exists().where(
        and_(
            records.c.account == accounts.c.id,
            records.c.kind.in_([str(kind) for kind in _CLIENT]),
            records.c.shape != "tombstone",
        )
    )
    return select(accounts).where(accounts.c.merged_into.is_(None), held)


def _known_by(tx: Tx, search: str) -> set[str]:
    """Accounts of exactly this id, vendor's id or e-mail address."""
    exact = or_(
        records.c.external_id == search,
        records.c.email_index == tx.keys.blind("email", search),
    )
    return {search, *tx.db.execute(select(records.c.account).where(exact)).scalars()}


def _name(tx: Tx, row) -> str:  # type: ignore[no-untyped-def]  # a row of accounts
    if row.sealed_name is None:
        return "(no name yet)"
    key = tx.keys.account_key(row.id, row.wrapped_key)
    return unseal(key, row.sealed_name, f"accounts|{row.id}|name").decode()
