"""Batch: what one transaction of the engine knows: its accounts, and which are to be decided.

It lives in one transaction. It keeps the accounts it has read, so that a hundred events of one
client are folded in memory and decided once. Whatever account it reads it has for itself, so that
two workers never decide one account at the same time. Where it is not `live`, nothing may leave,
and nothing is decided either: what is half imported is not judged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tricord.core.account import Account
from tricord.core.ids import AccountId, ConnectionName
from tricord.core.policy.types import Policy
from tricord.engine.connection import Connection
from tricord.store import commands, mirror, schedule
from tricord.store.database import Tx


@dataclass(slots=True)
class Batch:
    tx: Tx
    policy: Policy
    connections: dict[ConnectionName, Connection]
    worker: int
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    touched: dict[AccountId, None] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    well: dict[ConnectionName, None] = field(default_factory=dict)
    live: bool = True

    @contextmanager
    def undoable(self) -> Iterator[None]:
        """What is done in this block is undone, here and in the database, if it raises."""
        accounts, touched, held = dict(self.accounts), dict(self.touched), set(self.held)
        well, acts = dict(self.well), len(self.tx.acts)
        try:
            with self.tx.db.begin_nested():
                yield
        except BaseException:
            # What was locked in the savepoint is free again with it.
            self.accounts, self.touched, self.held = accounts, touched, held
            self.well = well
            self.tx.opened.clear()
            del self.tx.acts[acts:]
            raise

    @property
    def alone(self) -> bool:
        """Whether nobody else can write to this database now."""
        return self.tx.db.dialect.name == "sqlite"

    def hold(self, name: str) -> None:
        """Keep other workers from what is called so until this transaction ends. Raises Busy."""
        if name not in self.held:
            schedule.hold(self.tx, name)
            self.held.add(name)

    def account(self, account: AccountId) -> Account:
        """The account as it stands in this transaction, ours alone. Raises Busy."""
        if account not in self.accounts:
            self.hold(account)
            self.accounts[account] = Account(
                id=account,
                records=mirror.records_of(self.tx, account),
                effects=commands.effects_of(self.tx, account),
            )
        return self.accounts[account]

    def put(self, account: Account) -> None:
        self.accounts[account.id] = account

    def forget(self, account: AccountId) -> None:
        """Have it read from the store when it is asked for next."""
        self.accounts.pop(account, None)

    def touch(self, account: AccountId) -> None:
        """Have it decided before this transaction ends."""
        self.touched[account] = None
