"""The database: opened, upgraded, and spoken to in whole transactions, off the event loop.

Writes go through one thread, one transaction at a time; reads have connections of their own. On
SQLite a write transaction takes the write lock at once (BEGIN IMMEDIATE), so it never fails half
way for want of it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tricord.core.ids import Instant
from tricord.store import schema
from tricord.store.sealing import Keyring, KeyWrong

REVISION = "0001"
PARTITIONS = 256
TRIES = 4
_BEGIN_ANEW = ("40P01", "40001")
"""deadlock_detected and serialization_failure (PostgreSQL, appendix A)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction: the connection, the keys, and the one moment everything in it happens at.

    `opened` holds the accounts' keys that it has unwrapped, and `acts` the audit entries that are
    written, together, just before it commits.
    """

    db: Connection
    keys: Keyring
    now: Instant
    opened: dict[str, bytes] = field(default_factory=dict, repr=False)
    acts: list[dict[str, object]] = field(default_factory=list, repr=False)


def rehearsed(tx: Tx, work: Callable[[Tx], T]) -> T:
    """What `work` finds in this transaction, with everything undone that it wrote."""
    point = tx.db.begin_nested()
    try:
        return work(tx)
    finally:
        point.rollback()


class Database:
    """One firm's database. `close` when done; closing waits for what is being written."""

    def __init__(self, url: str, keys: Keyring) -> None:
        self.keys = keys
        self.url = url
        self.engine = _open(url)
        embedded = self.engine.dialect.name == "sqlite"
        writers = 1 if embedded else 4
        self._writer = ThreadPoolExecutor(writers, thread_name_prefix="tricord-write")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="tricord-read")
        # SQLite's write lock goes to whoever asks at the right moment; our queue is fair.
        self._pulse = self._writer if embedded else ThreadPoolExecutor(1, "tricord-beat")

    def prepare(self) -> None:
        """Make or upgrade the tables, and check that the key is the one they were sealed with."""
        if not inspect(self.engine).has_table("meta"):
            with self.engine.begin() as db:
                schema.metadata.create_all(db)
                rows = [{"id": number, "fence": 0} for number in range(PARTITIONS)]
                db.execute(insert(schema.partitions), rows)
                db.execute(insert(schema.meta), [
                    {"name": "revision", "value": REVISION},
                    {"name": "key", "value": self.keys.fingerprint},
                ])  # fmt: skip
            return
        with self.engine.begin() as db:
            found = dict(db.execute(select(schema.meta.c.name, schema.meta.c.value)).all())
        if found.get("key") != self.keys.fingerprint:
            raise KeyWrong(
                "the key in this home is not the one its database was sealed with; "
                "put the right key file back"
            )
        if found.get("revision") != REVISION:
            # Alembic is slow to import and needed only when the program is newer than the data.
            from tricord.store.migrations.upgrade import upgrade

            upgrade(self.engine, REVISION)
            with self.engine.begin() as db:
                wanted = schema.meta.c.name == "revision"
                db.execute(update(schema.meta).where(wanted).values(value=REVISION))

    def run(self, work: Callable[[Tx], T], now: Instant) -> T:
        """Do `work` in one transaction, here and now. It commits, or nothing of it happened.

        PostgreSQL ends one of two transactions that wait for each other; `work` is then begun anew.
        """
        for _ in range(TRIES):
            try:
                return self._once(work, now)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _BEGIN_ANEW:
                    raise
        return self._once(work, now)

    def _once(self, work: Callable[[Tx], T], now: Instant) -> T:
        with self.engine.begin() as db:
            tx = Tx(db, self.keys, now)
            result = work(tx)
            if tx.acts:
                db.execute(insert(schema.audit), tx.acts)
            return result

    def rehearse(self, work: Callable[[Tx], T], now: Instant) -> T:
        """Do `work` in one transaction, and undo all of it. What it returns is what would be."""
        with self.engine.connect() as db:
            rehearsal = db.begin()
            try:
                return work(Tx(db, self.keys, now))
            finally:
                rehearsal.rollback()

    async def write(self, work: Callable[[Tx], T], now: Instant) -> T:
        """`run` in a writing thread. On SQLite, in the order of the calls."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self.run, work, now)

    async def try_out(self, work: Callable[[Tx], T], now: Instant) -> T:
        """`rehearse` in a writing thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self.rehearse, work, now)

    async def beat(self, work: Callable[[Tx], T], now: Instant) -> T:
        """`run`, where there are several writers in a thread of its own: what says that we live
        must not wait for long turns."""
        return await asyncio.get_running_loop().run_in_executor(self._pulse, self.run, work, now)

    async def read(self, work: Callable[[Tx], T], now: Instant) -> T:
        """`work`, which must not write, in a reading thread."""

        def reading() -> T:
            with self.engine.connect().execution_options(reading=True) as db:
                return work(Tx(db, self.keys, now))

        return await asyncio.get_running_loop().run_in_executor(self._readers, reading)

    def skew(self, now: Instant) -> timedelta:
        """How far the database's clock is ahead of `now`; all workers of a firm go by that clock.

        An embedded database has our own clock.
        """
        if self.engine.dialect.name == "sqlite":
            return timedelta()
        with self.engine.connect() as db:
            theirs: datetime = db.execute(select(func.clock_timestamp())).scalar_one()
        return theirs - now

    def close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._pulse.shutdown()
        self.engine.dispose()


def _open(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=8, pool_pre_ping=True
        )
    engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _settings(raw: object, _: object) -> None:
        raw.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
        cursor = raw.cursor()  # type: ignore[attr-defined]  # a sqlite3 connection
        for line in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
        ):
            cursor.execute(f"PRAGMA {line}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        reading = db.get_execution_options().get("reading")
        db.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
