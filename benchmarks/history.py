"""A firm with a past: some clients that live, and any number whose records only fill the tables."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from tricord.core.ids import AccountId, ConnectionName, ExternalId, Kind, Ref
from tricord.core.money import Money
from tricord.core.records import Company, Customer, Deal, Invoice, InvoiceStatus
from tricord.store import mirror, schema
from tricord.store.database import Database, Tx

NAME = ConnectionName("instant")
ISSUED = datetime(2026, 11, 1, tzinfo=UTC)
_AT_ONCE = 500


def seed(database: Database, *, live: int, upto: int, first: bool) -> None:
    """`live` clients with a company, a deal, a customer and an open invoice; `upto` in all."""
    now = datetime.now(UTC)
    if first:
        for start in range(0, live, _AT_ONCE):
            numbers = range(start, min(live, start + _AT_ONCE))
            database.run(lambda tx, numbers=numbers: _clients(tx, numbers), now)  # type: ignore[misc]
    have = database.run(_count, now)
    if upto > have:
        with database.engine.begin() as db:
            for statement in _filling(db.dialect.name):
                db.execute(text(statement), {"first": have, "last": upto - 1})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("ANALYZE")


def _count(tx: Tx) -> int:
    return int(tx.db.execute(select(func.count()).select_from(schema.accounts)).scalar_one())


def _clients(tx: Tx, numbers: range) -> None:
    for number in numbers:
        account = mirror.ensure_account(tx, AccountId(f"acc_{number:020x}"))
        company = Ref(NAME, Kind.COMPANY, ExternalId(f"com-{number}"))
        customer = Ref(NAME, Kind.CUSTOMER, ExternalId(f"cus-{number}"))
        deal = Ref(NAME, Kind.DEAL, ExternalId(f"deal-{number}"))
        for record in (
            Company(ref=company, version=1, name=f"Company {number}"),
            Deal(ref=deal, version=1, name=f"Deal {number}", amount_text="1000", currency="USD",
                 stage="open", company=company),
            Customer(ref=customer, version=1, name=f"Company {number}", account=account),
            Invoice(ref=Ref(NAME, Kind.INVOICE, ExternalId(f"inv-{number}")), version=1,
                    customer=customer, status=InvoiceStatus.OPEN, total=Money(100000, "USD"),
                    paid=Money(0, "USD"), number=f"B-{number}", deal=deal, issued_at=ISSUED,
                    due_at=ISSUED + timedelta(days=60)),
        ):  # fmt: skip
            mirror.save_record(tx, account, record)
            mirror.link(tx, record.ref, account, "own")


def _filling(dialect: str) -> list[str]:
    """Rows of clients that nothing touches any more: their sealed parts are never opened."""
    if dialect == "sqlite":
        numbers = (
            "WITH RECURSIVE numbers(n) AS "
            "(SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
        )
        source, blob, account = "numbers", "zeroblob(300)", "printf('acc_%020x', n)"
    else:
        numbers = ""
        source = "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)"
        blob, account = "decode(repeat('00', 300), 'hex')", "'acc_' || lpad(to_hex(n), 20, '0')"

    def fill(table: str, columns: str, values: str) -> str:
        return f"{numbers} INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"

    statements = [
        fill("accounts", "id, partition, created_at, changed_at, wrapped_key",
             f"{account}, n % 256, 1, 1, {blob}"),
    ]  # fmt: skip
    for kind, prefix in (("company", "com"), ("deal", "deal"), ("customer", "cus"),
                         ("invoice", "inv"), ("payment", "pay")):  # fmt: skip
        statements.append(
            fill("records",
                 "connection, kind, external_id, account, shape, version, stamp, sealed",
                 f"'instant', '{kind}', '{prefix}-' || n, {account}, '{kind}', 1, 0, {blob}")
        )  # fmt: skip
    statements += [
        fill("observations",
             "account, connection, kind, external_id, version, observed_at, source, changes, "
             "sealed",
             f"{account}, 'instant', 'payment', 'pay-' || n, 1, 1, 'webhook', 'x', {blob}"),
        fill("deliveries",
             "connection, name, source, partition, state, received_at, absorbed_at, copies, sealed",
             f"'instant', 'old-' || n, 'webhook', n % 256, 'absorbed', 1, 1, 1, {blob}"),
    ]  # fmt: skip
    for verb, stem in (("update_record", "w/d"), ("update_record", "w/c"), ("log_activity", "t")):
        statements.append(
            fill("commands",
                 "key, account, partition, connection, verb, priority, state, rule, policy, "
                 "digest, planned_at, due_at, attempts, again, ended_at, sealed",
                 f"'{stem}/' || n, {account}, n % 256, 'instant', '{verb}', 1, 'done', 'r', 'p', "
                 f"'d', 1, 1, 1, {'0' if dialect == 'sqlite' else 'false'}, 1, {blob}")
        )  # fmt: skip
    return statements
