"""The mirror: accounts, their records, and the links that tell which record is whose."""

from collections.abc import Sequence

from sqlalchemy import Integer, and_, bindparam, delete, func, insert, select, update

from tricord.core.account import Account
from tricord.core.identity import Ground, Traces, account_id, partition_of, traces_of
from tricord.core.ids import AccountId, ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.money import Money
from tricord.core.records import Deal, Invoice, Record
from tricord.store import books, codec
from tricord.store.codec import maybe_micros, to_micros
from tricord.store.database import Tx
from tricord.store.deliveries import upsert
from tricord.store.schema import (
    accounts,
    commands,
    links,
    mentions,
    observations,
    records,
    ties,
)
from tricord.store.sealing import seal, unseal

_RECORD_NAMED = and_(
    records.c.connection == bindparam("connection"),
    records.c.kind == bindparam("kind"),
    records.c.external_id == bindparam("external_id"),
)
_REF = (records.c.connection, records.c.kind, records.c.external_id)
# What every look asks is built once: building a statement costs more than carrying it out.
_KNOWN = (
    select(records, accounts.c.wrapped_key)
    .join(accounts, accounts.c.id == records.c.account)
    .where(_RECORD_NAMED)
)
_ACCOUNT_OF = select(records.c.account).where(_RECORD_NAMED)
_ROOT_OF = select(*_REF).where(records.c.starts == bindparam("account"))
_FOUND_BY = {
    trace: select(*_REF)
    .where(
        records.c[f"{trace}_index"] == bindparam("value"),
        records.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(*_REF)
    .limit(bindparam("most", type_=Integer))
    for trace in ("email", "phone", "domain", "message")
}
_LINKED = select(links.c.account, links.c.basis).where(
    links.c.connection == bindparam("connection"),
    links.c.kind == bindparam("kind"),
    links.c.external_id == bindparam("external_id"),
)
_NAMING = select(func.min(ties.c.deal)).where(ties.c.contact == bindparam("contact"))
_KEY_OF = select(accounts.c.wrapped_key).where(accounts.c.id == bindparam("account"))
_ALL = 2**31 - 1


class AccountUnknown(LookupError):
    """There is no such account."""


def ensure_account(tx: Tx, account: AccountId) -> AccountId:
    """The account that records belong to now, made if it is new; alive again if it was emptied."""
    row = tx.db.execute(select(accounts.c.merged_into).where(accounts.c.id == account)).first()
    if row is None:
        values = {
            "id": account,
            "partition": partition_of(account),
            "created_at": to_micros(tx.now),
            "changed_at": to_micros(tx.now),
            "wrapped_key": tx.keys.new_account_key(account),
        }
        statement = upsert(tx)(accounts).values(values)
        tx.db.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
    elif row.merged_into is not None:
        here = update(accounts).where(accounts.c.id == account)
        tx.db.execute(here.values(merged_into=None))
    return account


def root_of(tx: Tx, account: AccountId) -> Ref | None:
    """The record an account is named after, wherever that record belongs by now."""
    row = tx.db.execute(_ROOT_OF, {"account": account}).first()
    return None if row is None else ref_of(row)


def exists(tx: Tx, account: AccountId) -> bool:
    return tx.db.execute(select(accounts.c.id).where(accounts.c.id == account)).first() is not None


def account_key(tx: Tx, account: str) -> bytes:
    """The key of an account, unwrapped once in a transaction. Raises AccountUnknown."""
    known = tx.opened.get(account)
    if known is not None:
        return known
    row = tx.db.execute(_KEY_OF, {"account": account}).first()
    if row is None:
        raise AccountUnknown(account)
    key = tx.opened[account] = tx.keys.account_key(account, row.wrapped_key)
    return key


def known(tx: Tx, ref: Ref) -> tuple[AccountId, Record] | None:
    """The record as the mirror holds it, and whose it is."""
    row = tx.db.execute(_KNOWN, named(ref)).first()
    if row is None:
        return None
    key = tx.keys.account_key(row.account, row.wrapped_key)
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


def account_of(tx: Tx, ref: Ref) -> AccountId | None:
    row = tx.db.execute(_ACCOUNT_OF, named(ref)).first()
    return None if row is None else AccountId(row.account)


def is_empty(tx: Tx, account: AccountId) -> bool:
    query = select(records.c.account).where(records.c.account == account).limit(1)
    return tx.db.execute(query).first() is None


def found_by(
    tx: Tx, trace: str, value: str, kinds: Sequence[Kind], limit: int | None = None
) -> list[Ref]:
    """The records of these kinds with this `email`, `phone`, `domain` or `message` id, by ref."""
    asked = {
        "value": tx.keys.blind(trace, value),
        "kinds": [str(kind) for kind in kinds],
        "most": _ALL if limit is None else limit,
    }
    return [ref_of(row) for row in tx.db.execute(_FOUND_BY[trace], asked)]


def mentioning(tx: Tx, message_id: str) -> list[Ref]:
    """The messages that answer this one, as they say themselves."""
    columns = (mentions.c.connection, mentions.c.kind, mentions.c.external_id)
    wanted = mentions.c.message_index == tx.keys.blind("message", message_id)
    return [ref_of(row) for row in tx.db.execute(select(*columns).where(wanted).order_by(*columns))]


def standing_alone(tx: Tx, kinds: Sequence[Kind]) -> list[Ref]:
    """The records of these kinds that found no account but their own."""
    columns = (links.c.connection, links.c.kind, links.c.external_id)
    wanted = and_(links.c.basis == "own", links.c.kind.in_([str(kind) for kind in kinds]))
    return [ref_of(row) for row in tx.db.execute(select(*columns).where(wanted).order_by(*columns))]


def accounts_with(tx: Tx, kinds: Sequence[Kind]) -> list[AccountId]:
    wanted = records.c.kind.in_([str(kind) for kind in kinds])
    query = select(records.c.account).where(wanted).distinct().order_by(records.c.account)
    return [AccountId(name) for name in tx.db.execute(query).scalars()]


def every_ref(tx: Tx) -> list[Ref]:
    columns = (records.c.connection, records.c.kind, records.c.external_id)
    return [ref_of(row) for row in tx.db.execute(select(*columns).order_by(*columns))]


def save_record(tx: Tx, account: AccountId, record: Record, traces: Traces | None = None) -> None:
    """Write the record as it now stands, in its account, sealed with the account's key.

    `traces` is what it is found by; left out, its details as they are written.
    """
    ref = record.ref
    kept = traces or traces_of(record, Ground(crm=ref.connection))
    values = {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
        "account": account,
        "starts": account_id(ref),
        "shape": codec.shape_of(record),
        "version": record.version,
        "stamp": record.stamp,
        "sealed": seal(account_key(tx, account), codec.dump(record), f"records|{ref}"),
        **_searchable(record),
        "email_index": tx.keys.blind("email", kept.email),
        "phone_index": tx.keys.blind("phone", kept.phone),
        "domain_index": tx.keys.blind("domain", kept.domain),
        "message_index": tx.keys.blind("message", kept.message),
    }
    identity = ("connection", "kind", "external_id")
    changed = {name: value for name, value in values.items() if name not in identity}
    statement = upsert(tx)(records).values(values)
    tx.db.execute(statement.on_conflict_do_update(index_elements=identity, set_=changed))
    if ref.kind is Kind.MESSAGE:
        _mention(tx, ref, kept.mentions)


def _mention(tx: Tx, ref: Ref, message_ids: Sequence[str]) -> None:
    tx.db.execute(delete(mentions).where(_is(mentions, ref)))
    place = {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
    }
    rows = [{"message_index": tx.keys.blind("message", one), **place} for one in message_ids]
    unique = {str(row["message_index"]): row for row in rows}
    if unique:
        statement = upsert(tx)(mentions).values(list(unique.values()))
        tx.db.execute(statement.on_conflict_do_nothing())


def tie(tx: Tx, deal: Deal) -> list[Ref]:
    """Remember whom a deal of a company names. Answers with those that are new or gone."""
    rows = tx.db.execute(select(ties.c.contact).where(ties.c.deal == str(deal.ref)))
    known = {row.contact for row in rows}
    wanted = {str(ref) for ref in deal.contacts} if deal.company and not deal.gone else set()
    if known - wanted:
        gone_from = and_(ties.c.deal == str(deal.ref), ties.c.contact.in_(sorted(known - wanted)))
        tx.db.execute(delete(ties).where(gone_from))
    for contact in sorted(wanted - known):
        statement = upsert(tx)(ties).values(deal=str(deal.ref), contact=contact)
        tx.db.execute(statement.on_conflict_do_nothing())
    return [Ref.parse(text) for text in sorted(known ^ wanted)]


def deal_naming(tx: Tx, contact: Ref) -> Ref | None:
    """The first deal of a company that names this contact."""
    found = tx.db.execute(_NAMING, {"contact": str(contact)}).scalar()
    return Ref.parse(found) if found else None


def link(tx: Tx, ref: Ref, account: AccountId, basis: str) -> None:
    """This record is this account's, on this ground. Its earlier links end."""
    held = [tuple(row) for row in tx.db.execute(_LINKED, named(ref))]
    if held == [(account, basis)]:
        return
    if any(where != account for where, _ in held):
        tx.db.execute(delete(links).where(_is(links, ref), links.c.account != account))
    values = {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
        "account": account,
    }
    told = {"basis": basis, "linked_at": to_micros(tx.now)}
    statement = upsert(tx)(links).values({**values, **told})
    tx.db.execute(statement.on_conflict_do_update(index_elements=list(values), set_=told))


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
    """Set the account's one alarm clock, the name people know it by, and its books."""
    books.keep(tx, account)
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


def _searchable(record: Record) -> dict[str, object]:
    status: str = ""
    money: Money | None = None
    due: Instant | None = None
    match record:
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
    }


def _opened(key: bytes, row) -> Record:  # type: ignore[no-untyped-def]  # a row of records
    return codec.load_record(row.shape, unseal(key, row.sealed, f"records|{ref_of(row)}"))


def named(ref: Ref) -> dict[str, str]:
    """A record's name as the parameters of a statement."""
    return {
        "connection": ref.connection,
        "kind": str(ref.kind),
        "external_id": ref.external_id,
    }


def ref_of(row) -> Ref:  # type: ignore[no-untyped-def]  # a row that names a record
    return Ref(ConnectionName(row.connection), Kind(row.kind), ExternalId(row.external_id))


def _is(table, ref: Ref):  # type: ignore[no-untyped-def]  # a SQL condition
    return and_(
        table.c.connection == ref.connection,
        table.c.kind == ref.kind,
        table.c.external_id == ref.external_id,
    )
