"""The mirror: accounts, their records, and the links that tell which record is whose."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, func, insert, select, update

from tricord.core.account import Account
from tricord.core.identity import partition_of
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.money import Money
from tricord.core.records import Company, Contact, Customer, Deal, Invoice, Record
from tricord.store import codec
from tricord.store.codec import maybe_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import accounts, commands, links, observations, records, ties
from tricord.store.sealing import seal, unseal


class AccountUnknown(LookupError):
    """There is no such account."""


def ensure_account(tx: Tx, account: AccountId) -> AccountId:
    """The account, made if it is new; the one it was merged into, if it was."""
    for _ in range(16):
        row = tx.db.execute(
            select(accounts.c.id, accounts.c.merged_into).where(accounts.c.id == account)
        ).first()
        if row is None:
            made = upsert(tx)(accounts).values(
                id=account,
                partition=partition_of(account),
                created_at=to_micros(tx.now),
                changed_at=to_micros(tx.now),
                wrapped_key=tx.keys.new_account_key(account),
            )
            made = made.on_conflict_do_nothing().returning(accounts.c.id)
            if tx.db.execute(made).first() is not None:
                return account
            continue
        if row.merged_into is None:
            return account
        account = AccountId(row.merged_into)
    raise AccountUnknown(account)


def exists(tx: Tx, account: AccountId) -> bool:
    return tx.db.execute(select(accounts.c.id).where(accounts.c.id == account)).first() is not None


def account_key(tx: Tx, account: str) -> bytes:
    """The key of an account, unwrapped once in a transaction. Raises AccountUnknown."""
    known = tx.opened.get(account)
    if known is not None:
        return known
    row = tx.db.execute(select(accounts.c.wrapped_key).where(accounts.c.id == account)).first()
    if row is None:
        raise AccountUnknown(account)
    key = tx.opened[account] = tx.keys.account_key(account, row.wrapped_key)
    return key


def known(tx: Tx, ref: Ref) -> tuple[AccountId, Record] | None:
    """The record as the mirror holds it, and whose it is."""
    row = tx.db.execute(select(records).where(_is(records, ref))).first()
    if row is None:
        return None
    key = account_key(tx, row.account)
    return AccountId(row.account), _opened(key, row)


def stamp_of(tx: Tx, ref: Ref) -> int | None:
    """The vendor's own time of change that we last saw, or None for a record never seen."""
    row = tx.db.execute(select(records.c.stamp).where(_is(records, ref))).first()
    return None if row is None else int(row.stamp)


def version_of(tx: Tx, ref: Ref) -> int | None:
    """When the record was last looked at, in milliseconds since 1970; None for one never seen."""
    row = tx.db.execute(select(records.c.version).where(_is(records, ref))).first()
    return None if row is None else int(row.version)


def records_of(tx: Tx, account: AccountId) -> dict[Ref, Record]:
    rows = tx.db.execute(select(records).where(records.c.account == account)).all()
    if not rows:
        return {}
    key = account_key(tx, account)
    found = [_opened(key, row) for row in rows]
    return {record.ref: record for record in sorted(found, key=lambda record: record.ref)}


def by_email(tx: Tx, kind: Kind, address: str) -> list[Ref]:
    """The records of a kind that carry this address, by ref."""
    wanted = and_(records.c.kind == kind, records.c.email_index == tx.keys.blind("email", address))
    rows = tx.db.execute(
        select(records.c.connection, records.c.external_id)
        .where(wanted)
        .order_by(records.c.connection, records.c.external_id)
    )
    return [Ref(ConnectionName(r.connection), kind, ExternalId(r.external_id)) for r in rows]


def save_record(tx: Tx, account: AccountId, record: Record) -> None:
    """Write the record as it now stands, in its account, sealed with the account's key."""
    ref = record.ref
    values = {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
        "account": account,
        "shape": codec.shape_of(record),
        "version": record.version,
        "stamp": record.stamp,
        "sealed": seal(account_key(tx, account), codec.dump(record), f"records|{ref}"),
        **_searchable(tx, record),
    }
    identity = ("connection", "kind", "external_id")
    changed = {name: value for name, value in values.items() if name not in identity}
    statement = upsert(tx)(records).values(values)
    tx.db.execute(statement.on_conflict_do_update(index_elements=identity, set_=changed))


def tie(tx: Tx, deal: Deal) -> list[Ref]:
    """Remember whom a deal of a company names. Answers with those that are new or gone."""
    rows = tx.db.execute(select(ties.c.contact).where(ties.c.deal == str(deal.ref)))
    known = {row.contact for row in rows}
    wanted = {str(ref) for ref in deal.contacts} if deal.company and not deal.gone else set()
    if known - wanted:
        gone_from = and_(ties.c.deal == str(deal.ref), ties.c.contact.in_(sorted(known - wanted)))
        tx.db.execute(delete(ties).where(gone_from))
    for contact in sorted(wanted - known):
        tx.db.execute(insert(ties).values(deal=str(deal.ref), contact=contact))
    return [Ref.parse(text) for text in sorted(known ^ wanted)]


def deal_naming(tx: Tx, contact: Ref) -> Ref | None:
    """The first deal of a company that names this contact."""
    rows = tx.db.execute(select(func.min(ties.c.deal)).where(ties.c.contact == str(contact)))
    found = rows.scalar()
    return Ref.parse(found) if found else None


def link(tx: Tx, ref: Ref, account: AccountId, basis: str) -> None:
    """This record is this account's, on this ground. Its earlier links by the same rules end."""
    tx.db.execute(delete(links).where(_is(links, ref), links.c.account != account))
    statement = upsert(tx)(links).values(
        connection=ref.connection,
        kind=str(ref.kind),
        external_id=ref.external_id,
        account=account,
        basis=basis,
        linked_at=to_micros(tx.now),
    )
    tx.db.execute(
        statement.on_conflict_do_update(
            index_elements=["connection", "kind", "external_id", "account"], set_={"basis": basis}
        )
    )


def observe_row(
    tx: Tx, account: AccountId, record: Record, source: str, changes: Sequence[str]
) -> None:
    """Keep what was seen: the log that a backtest and a replay run through again."""
    ref = record.ref
    about = f"observations|{ref}|{record.version}"
    tx.db.execute(
        insert(observations).values(
            account=account,
            connection=ref.connection,
            kind=str(ref.kind),
            external_id=ref.external_id,
            version=record.version,
            observed_at=to_micros(tx.now),
            source=source,
            changes=" ".join(changes),
            sealed=seal(account_key(tx, account), codec.dump(record), about),
        )
    )


def merge_into(tx: Tx, emptied: AccountId, home: AccountId) -> None:
    """An account whose records all moved points to where they went; its marks still work."""
    here = update(accounts).where(accounts.c.id == emptied)
    tx.db.execute(here.values(merged_into=home, wake_at=None))


def settle(tx: Tx, account: Account, wake_at: Instant | None) -> None:
    """Set the account's one alarm clock and the name people know it by."""
    sealed = seal(account_key(tx, account.id), account.name.encode(), f"accounts|{account.id}|name")
    here = update(accounts).where(accounts.c.id == account.id)
    tx.db.execute(
        here.values(wake_at=maybe_micros(wake_at), changed_at=to_micros(tx.now), sealed_name=sealed)
    )


def wake_owner(tx: Tx, key: str) -> None:
    """Have the account of this command decided at once: a person has just changed something."""
    owner = select(commands.c.account).where(commands.c.key == key).scalar_subquery()
    tx.db.execute(update(accounts).where(accounts.c.id == owner).values(wake_at=to_micros(tx.now)))


def wake(tx: Tx, account: AccountId) -> None:
    """Have this account decided in the next turn."""
    here = update(accounts).where(accounts.c.id == account)
    tx.db.execute(here.values(wake_at=to_micros(tx.now)))


def wake_everyone(tx: Tx) -> None:
    """Have every account decided anew: the rules have changed."""
    here = update(accounts).where(accounts.c.merged_into.is_(None))
    tx.db.execute(here.values(wake_at=to_micros(tx.now)))


def due_accounts(tx: Tx, partitions: Sequence[int] | None, limit: int) -> list[AccountId]:
    """The accounts whose alarm has gone off, of all partitions or of those named."""
    query = select(accounts.c.id).where(accounts.c.wake_at <= to_micros(tx.now))
    if partitions is not None:
        query = query.where(accounts.c.partition.in_(partitions))
    rows = tx.db.execute(query.order_by(accounts.c.wake_at).limit(limit))
    return [AccountId(row.id) for row in rows]


def _searchable(tx: Tx, record: Record) -> dict[str, object]:
    email = phone = ""
    status: str = ""
    money: Money | None = None
    due: Instant | None = None
    match record:
        case Contact():
            email, phone = record.email, record.phone
        case Customer():
            email = record.email
        case Company():
            phone = record.phone
        case Invoice():
            status, money, due = record.status, record.total, record.due_at
        case Deal():
            status = record.stage
        case _:
            pass
    return {
        "status": str(status),
        "minor": money.minor if money else None,
        "currency": money.currency if money else None,
        "due_at": maybe_micros(due),
        "email_index": tx.keys.blind("email", email),
        "phone_index": tx.keys.blind("phone", phone),
    }


def _opened(key: bytes, row) -> Record:  # type: ignore[no-untyped-def]  # a row of records
    ref = Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id))
    return codec.load_record(row.shape, unseal(key, row.sealed, f"records|{ref}"))


def _is(table, ref: Ref):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        table.c.connection == ref.connection,
        table.c.kind == ref.kind,
        table.c.external_id == ref.external_id,
    )
