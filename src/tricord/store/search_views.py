"""Search: whatever has this id, key, number or address, from columns; and names to look through.

Names and numbers are sealed, so they cannot be found by the database. They are read a batch at a
time for whoever keeps them opened in memory; see `tricord.console.directory`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from tricord.core.ids import Kind, Ref
from tricord.core.records import Deal, Invoice
from tricord.store import codec
from tricord.store.account_views import keys_of, ref_of
from tricord.store.database import Tx
from tricord.store.row_views import Row
from tricord.store.schema import (
    accounts,
    cases,
    commands,
    connections,
    deliveries,
    observations,
    records,
)
from tricord.store.sealing import unseal

_NAMED = (str(Kind.DEAL), str(Kind.INVOICE))
_LONGEST_NUMBER = 18
_MOST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Row):
    """Something found. `kind` is account, deal, invoice, command, delivery or case.

    `account` is whose it is, "" for what is nobody's; `id` is what its page is called by.
    """

    kind: str
    id: str
    account: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record that people know by name or number; `label` is "" when it has none any more."""

    ref: Ref
    account: str
    label: str


def exact(tx: Tx, wanted: str) -> list[Hit]:
    """What is called exactly so, or begins so where that is a key: a few of each kind."""
    if not wanted:
        return []
    return [
        *_accounts(tx, wanted),
        *_records(tx, wanted),
        *_commands(tx, wanted),
        *_deliveries(tx, wanted),
        *_cases(tx, wanted),
    ]


def account_names(tx: Tx, after: tuple[int, str], limit: int) -> list[tuple[int, str, str]]:
    """(changed at, id, name) of accounts that changed after `after`, the earliest change first.

    The name is "" for an account that was merged away, or whose key was destroyed.
    """
    changed, last = after
    later = or_(
        accounts.c.changed_at > changed,
        and_(accounts.c.changed_at == changed, accounts.c.id > last),
    )
    query = select(accounts).where(later).order_by(accounts.c.changed_at, accounts.c.id)
    return [(row.changed_at, row.id, _name(tx, row)) for row in tx.db.execute(query.limit(limit))]


def latest_observation(tx: Tx) -> int:
    found = tx.db.execute(select(observations.c.id).order_by(observations.c.id.desc()).limit(1))
    return int(found.scalar() or 0)


def record_names(tx: Tx, after: tuple[str, str, str], limit: int) -> list[Named]:
    """The deals and invoices after `after` (connection, kind, id), in that order."""
    columns = (records.c.connection, records.c.kind, records.c.external_id)
    connection, kind, external_id = after
    later = or_(
        records.c.connection > connection,
        and_(records.c.connection == connection, records.c.kind > kind),
        and_(records.c.connection == connection, records.c.kind == kind,
             records.c.external_id > external_id),
    )  # fmt: skip
    query = select(records).where(later, records.c.kind.in_(_NAMED)).order_by(*columns)
    return _named(tx, tx.db.execute(query.limit(limit)).all())


def changed_names(tx: Tx, after: int, limit: int) -> tuple[int, list[Named]]:
    """The deals and invoices of the next observations after `after`, and the last of these."""
    query = select(observations.c.id, observations.c.connection, observations.c.kind,
                   observations.c.external_id)  # fmt: skip
    rows = tx.db.execute(
        query.where(observations.c.id > after).order_by(observations.c.id).limit(limit)
    ).all()
    if not rows:
        return after, []
    wanted = {(row.connection, row.kind, row.external_id) for row in rows if row.kind in _NAMED}
    same = [
        and_(records.c.connection == connection, records.c.kind == kind,
             records.c.external_id == external_id)
        for connection, kind, external_id in sorted(wanted)
    ]  # fmt: skip
    found = tx.db.execute(select(records).where(or_(*same))).all() if same else ()
    return rows[-1].id, _named(tx, found)


def _named(tx: Tx, rows: Sequence) -> list[Named]:  # type: ignore[type-arg]  # rows of records
    keys = keys_of(tx, {row.account for row in rows})
    found = []
    for row in rows:
        ref = ref_of(row)
        record = codec.load_record(
            row.shape, unseal(keys[row.account], row.sealed, f"records|{ref}")
        )
        label = ""
        if isinstance(record, Deal) and not record.gone:
            label = record.name
        elif isinstance(record, Invoice) and not record.gone:
            label = record.number
        found.append(Named(ref=ref, account=row.account, label=label))
    return found


def _name(tx: Tx, row) -> str:  # type: ignore[no-untyped-def]  # a row of accounts
    if row.merged_into is not None or row.sealed_name is None:
        return ""
    key = tx.keys.account_key(row.id, row.wrapped_key)
    return unseal(key, row.sealed_name, f"accounts|{row.id}|name").decode()


def _accounts(tx: Tx, wanted: str) -> list[Hit]:
    known = [accounts.c.id == wanted]
    if "@" in wanted:
        known.append(accounts.c.id.in_(_by_trace(tx, "email", wanted)))
    elif sum(sign.isdigit() for sign in wanted) >= 7:
        known.append(accounts.c.id.in_(_by_trace(tx, "phone", wanted)))
    query = select(accounts.c.id).where(or_(*known), accounts.c.merged_into.is_(None))
    rows = tx.db.execute(query.limit(_MOST_OF_A_KIND))
    return [Hit(kind="account", id=row.id, account=row.id) for row in rows]


def _by_trace(tx: Tx, trace: str, value: str):  # type: ignore[no-untyped-def]  # a subquery
    column = records.c[f"{trace}_index"]
    return select(records.c.account).where(column == tx.keys.blind(trace, value))


def _records(tx: Tx, wanted: str) -> list[Hit]:
    kinds = [str(kind) for kind in (Kind.DEAL, Kind.INVOICE, Kind.CUSTOMER, Kind.CONTACT,
                                    Kind.COMPANY, Kind.PAYMENT)]  # fmt: skip
    called = records.c.external_id == wanted.rpartition(":")[2]
    # All three columns of the key are named, so that it is a few look-ups and no scan.
    here = records.c.connection.in_(_connections(tx))
    query = select(records).where(here, records.c.kind.in_(kinds), called)
    rows = tx.db.execute(query.order_by(records.c.kind).limit(_MOST_OF_A_KIND))
    return [Hit(kind=row.kind, id=str(ref_of(row)), account=row.account) for row in rows]


def _commands(tx: Tx, wanted: str) -> list[Hit]:
    same = [commands.c.key == wanted]
    if "/" in wanted:
        # A range, so that the index on the key is used in every collation.
        same.append(and_(commands.c.key >= wanted, commands.c.key < wanted + "\U0010ffff"))
    if _is_number(wanted):
        same.append(commands.c.id == int(wanted))
    query = select(commands.c.id, commands.c.key, commands.c.account).where(or_(*same))
    rows = tx.db.execute(query.order_by(commands.c.id.desc()).limit(_MOST_OF_A_KIND))
    return [Hit(kind="command", id=str(row.id), account=row.account, label=row.key) for row in rows]


def _deliveries(tx: Tx, wanted: str) -> list[Hit]:
    same = [and_(deliveries.c.connection.in_(_connections(tx)), deliveries.c.name == wanted)]
    if _is_number(wanted):
        same.append(deliveries.c.id == int(wanted))
    query = select(deliveries.c.id, deliveries.c.connection, deliveries.c.name).where(or_(*same))
    rows = tx.db.execute(query.order_by(deliveries.c.id.desc()).limit(_MOST_OF_A_KIND))
    return [
        Hit(kind="delivery", id=str(row.id), account="", label=f"{row.connection}: {row.name}")
        for row in rows
    ]


def _cases(tx: Tx, wanted: str) -> list[Hit]:
    same = [cases.c.key == wanted]
    if _is_number(wanted):
        same.append(cases.c.id == int(wanted))
    query = select(cases.c.id, cases.c.key, cases.c.account).where(or_(*same))
    rows = tx.db.execute(query.order_by(cases.c.id.desc()).limit(_MOST_OF_A_KIND))
    return [
        Hit(kind="case", id=str(row.id), account=row.account or "", label=row.key) for row in rows
    ]


def _connections(tx: Tx) -> list[str]:
    return list(tx.db.execute(select(connections.c.name)).scalars())


def _is_number(wanted: str) -> bool:
    return wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_NUMBER
