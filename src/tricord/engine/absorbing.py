"""Absorbing: deliveries become records of accounts, and each touched account is decided anew.

One `Batch` lives in one transaction. It keeps the accounts it has read, so that a hundred events of
one client are folded in memory and decided once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from tricord.core.account import Account
from tricord.core.cases import Case
from tricord.core.commands import (
    Command,
    CreateCustomer,
    CreateInvoice,
    Effect,
    EffectState,
    LogActivity,
    SendMessage,
    UpdateRecord,
    because,
)
from tricord.core.decide import decide
from tricord.core.identity import Home, account_id, home_of
from tricord.core.ids import AccountId, ConnectionName, Kind, Ref
from tricord.core.observe import observe
from tricord.core.policy.types import Policy
from tricord.core.records import Contact, Deal, Record, join
from tricord.engine.connection import Connection
from tricord.sdk.errors import TricordError
from tricord.sdk.talk import Hint
from tricord.store import cases, commands, deliveries, hints, mirror
from tricord.store.audit import record_act
from tricord.store.codec import to_micros
from tricord.store.database import Tx

QUIET = timedelta(milliseconds=250)
FRESH = timedelta(seconds=1)


@dataclass(slots=True)
class Batch:
    tx: Tx
    policy: Policy
    connections: dict[ConnectionName, Connection]
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    touched: dict[AccountId, None] = field(default_factory=dict)
    echoes: int = 0

    @contextmanager
    def undoable(self) -> Iterator[None]:
        """What is done in this block is undone, here and in the database, if it raises."""
        accounts, touched = dict(self.accounts), dict(self.touched)
        try:
            with self.tx.db.begin_nested():
                yield
        except BaseException:
            self.accounts, self.touched = accounts, touched
            raise

    # What arrived

    def absorb_delivery(self, waiting: deliveries.Waiting) -> None:
        """Parse one delivery and take in what it says; set it aside whole if it cannot be read."""
        connection = self.connections.get(waiting.delivery.connection)
        if connection is None or connection.connector.parse is None:
            self._park(waiting, f"no connection {waiting.delivery.connection!r} reads webhooks")
            return
        try:
            with self.undoable():
                found = connection.connector.parse(connection.access, waiting.delivery)
                for one in found:
                    if isinstance(one, Hint):
                        self.take_hint(one)
                    else:
                        self.see(one, "webhook")
        except TricordError as error:
            self._park(waiting, error.detail)
            return
        except Exception as error:  # the engine's boundary: one bad event must not stop the rest
            self._park(waiting, f"it broke the program ({type(error).__name__})")
            return
        deliveries.mark_absorbed(self.tx, [waiting.id])
        cases.close_case(self.tx, f"parked/{waiting.id}")

    def take_hint(self, hint: Hint) -> None:
        """Ask for a read, unless it tells what we know or echoes what we wrote."""
        connection = self.connections.get(hint.ref.connection)
        if connection is None or hint.ref.kind not in connection.connector.reads:
            return
        stamp = mirror.stamp_of(self.tx, hint.ref)
        if hint.version is not None and stamp is not None and stamp >= hint.version:
            return
        if hint.change is not None and self._is_echo(hint.ref, *hint.change):
            self.echoes += 1
            return
        hints.add(self.tx, [hint.ref], self.tx.now + self._patience(hint.ref))

    def _patience(self, ref: Ref) -> timedelta:
        """How long to wait before a read, so that a volley of news makes one read, not five.

        A record that was looked at a moment ago, or one of a kind we make ourselves and may be
        making now, waits a little; any other is read at once.
        """
        version = mirror.version_of(self.tx, ref)
        if version is None:
            return QUIET if ref.kind in (Kind.CUSTOMER, Kind.INVOICE) else timedelta()
        age = timedelta(milliseconds=to_micros(self.tx.now) // 1000 - version)
        return QUIET if age < FRESH else timedelta()

    def see(self, record: Record, source: str) -> None:
        """Fold one look at one record into its account, moving it there if it stood elsewhere."""
        ref = record.ref
        known = mirror.known(self.tx, ref)
        merged = record if known is None else join(known[1], record)
        tied = mirror.tie(self.tx, merged) if isinstance(merged, Deal) else []
        home = mirror.ensure_account(self.tx, self._home(ref, merged))
        if known is not None and known[0] == home and not tied and _same_content(known[1], merged):
            mirror.save_record(self.tx, home, merged)
            self._put(home, self.account(home).with_record(merged))
            return
        old = known[0] if known else account_id(ref)
        before = self.account(home)
        after, changes = observe(before, merged)
        self._put(home, after)
        mirror.save_record(self.tx, home, merged)
        mirror.link(self.tx, ref, home, self._basis(ref, merged))
        names = [type(change).__name__ for change in changes]
        mirror.observe_row(self.tx, home, record, source, names)
        self.touched[home] = None
        if old != home:
            self._drop_from(old, ref)
            self._rehome(old, home)
        for contact in tied:
            self._move_if_elsewhere(contact)
        if isinstance(merged, Contact) and merged.email:
            for customer in mirror.by_email(self.tx, Kind.CUSTOMER, merged.email):
                self._move_if_elsewhere(customer)

    # Deciding

    def converge(self) -> None:
        """Decide each touched account: store new commands, open and close cases, set the alarm."""
        for account in list(self.touched):
            try:
                with self.undoable():
                    self._decide(account)
            except Exception as error:  # the engine's boundary: one account must not stop the rest
                self._undecided(account, type(error).__name__)
        self.touched.clear()

    def account(self, account: AccountId) -> Account:
        """The account as it stands in this transaction."""
        if account not in self.accounts:
            self.accounts[account] = Account(
                id=account,
                records=mirror.records_of(self.tx, account),
                effects=commands.effects_of(self.tx, account),
            )
        return self.accounts[account]

    def forget(self, account: AccountId) -> None:
        self.accounts.pop(account, None)

    def _decide(self, name: AccountId) -> None:
        account = self.account(name)
        plan = decide(account, self.policy, self.tx.now)
        for command in plan.commands:
            account = self._plan(account, command)
        self._put(name, account)
        cases.sync_decided(self.tx, name, plan.cases)
        cases.close_case(self.tx, f"undecided/{name}")
        mirror.settle(self.tx, account, plan.wake_at)

    def _plan(self, account: Account, command: Command) -> Account:
        connection = self.connections.get(command.connection)
        held = isinstance(command, CreateInvoice) and bool(command.approval)
        state = EffectState.HELD if held else EffectState.READY
        due = self.tx.now
        if isinstance(command, CreateInvoice) and command.not_before is not None:
            due = command.not_before
        if connection is None or type(command) not in connection.connector.verbs:
            # Not planned at all: once the role is given to another connection, it is asked again.
            cases.open_case(self.tx, self._cannot(account, command), "engine")
            return account
        cases.close_case(self.tx, f"cannot/{command.key}")
        if commands.add(self.tx, account.id, command, state, due):
            record_act(
                self.tx,
                "command.planned",
                command.key,
                rule=command.because.rule,
                policy=command.because.policy,
                state=str(state),
            )
            if held:
                cases.open_case(self.tx, self._approval(account, command), "engine")
        effect = Effect(command=command, state=state, planned_at=self.tx.now)
        return account.with_effect(effect)

    # Identity

    def _home(self, ref: Ref, latest: Record) -> AccountId:
        return self._way(ref, latest).account

    def _basis(self, ref: Ref, latest: Record) -> str:
        return self._way(ref, latest).basis

    def _way(self, ref: Ref, latest: Record) -> Home:
        def named_by(contact: Ref) -> Ref | None:
            return mirror.deal_naming(self.tx, contact)

        return home_of(ref, self._lookup(latest), self._contact_of, named_by)

    def _lookup(self, latest: Record):  # type: ignore[no-untyped-def]  # a function of a ref
        def look(ref: Ref) -> Record | None:
            if ref == latest.ref:
                return latest
            found = mirror.known(self.tx, ref)
            return found[1] if found else None

        return look

    def _contact_of(self, email: str) -> Ref | None:
        found = mirror.by_email(self.tx, Kind.CONTACT, email)
        crm = [ref for ref in found if ref.connection == self.policy.roles.crm]
        return next(iter(crm), None)

    def _move_if_elsewhere(self, ref: Ref) -> None:
        known = mirror.known(self.tx, ref)
        if known is None:
            return
        old, record = known
        home = mirror.ensure_account(self.tx, self._home(ref, record))
        if home == old:
            return
        self._put(home, self.account(home).with_record(record))
        mirror.save_record(self.tx, home, record)
        mirror.link(self.tx, ref, home, self._basis(ref, record))
        self.touched[home] = None
        self._drop_from(old, ref)
        self._rehome(old, home)

    def _rehome(self, old: AccountId, home: AccountId) -> None:
        """What stood in `old` because of a record that left goes where it belongs now."""
        for ref in list(mirror.records_of(self.tx, old)):
            self._move_if_elsewhere(ref)
        self.forget(old)
        left = mirror.records_of(self.tx, old)
        moving = [
            key
            for key, effect in commands.effects_of(self.tx, old).items()
            if not left or _subject(effect.command) in self.account(home).records
        ]
        if moving:
            commands.move(self.tx, moving, old, home)
            self.forget(home)
        if not left and mirror.exists(self.tx, old):
            cases.move(self.tx, old, home)
            mirror.merge_into(self.tx, old, home)
            record_act(self.tx, "account.merged", old, into=home)
        elif left:
            self.touched[old] = None

    def _drop_from(self, account: AccountId, ref: Ref) -> None:
        held = self.accounts.get(account)
        if held is not None and ref in held.records:
            rest = {other: record for other, record in held.records.items() if other != ref}
            self.accounts[account] = Account(id=account, records=rest, effects=held.effects)

    # The rest

    def _is_echo(self, ref: Ref, name: str, value: str) -> bool:
        known = mirror.known(self.tx, ref)
        if known is None:
            return False
        written = self.account(known[0]).writes_to(ref)
        if not written or not isinstance(written[-1].command, UpdateRecord):
            return False
        ours = dict(written[-1].command.values).get(name)
        return ours is not None and _same_value(ours, value)

    def _put(self, name: AccountId, account: Account) -> None:
        self.accounts[name] = account

    def _park(self, waiting: deliveries.Waiting, problem: str) -> None:
        deliveries.park(self.tx, waiting.id, problem)
        record_act(self.tx, "delivery.parked", str(waiting.id))
        cases.open_case(
            self.tx,
            Case(
                key=f"parked/{waiting.id}",
                kind="parked",
                title=f"A message from {waiting.delivery.connection} could not be read: {problem}",
                owner=self.policy.owners.default,
                because=because("absorb", self.policy.version, delivery=waiting.id),
                next_actions=(
                    "Look at the stored message; correct the record at the vendor if it is wrong",
                    f"Read it again after an upgrade: tricord reread {waiting.id}",
                ),
                evidence=(
                    f"delivery {waiting.id}, {len(waiting.delivery.body)} bytes, kept whole",
                ),
            ),
            "engine",
        )

    def tell_stranded(self) -> None:
        """One case for each connection that is gone from the policy while work waits for it."""
        for name, waiting in commands.waiting_for(self.tx).items():
            key = f"stranded/{name}"
            if name in self.connections:
                cases.close_case(self.tx, key)
                continue
            case = Case(
                key=key,
                kind="stranded",
                title=f"{waiting} commands wait for {name}, which is not in the policy any more",
                owner=self.policy.owners.default,
                because=because("connections", self.policy.version, connection=name),
                next_actions=(
                    f"Put the connection {name!r} back into tricord.yaml and start again",
                    "Or give each up with a reason: tricord skip KEY --reason ...",
                ),
            )
            cases.open_case(self.tx, case, "engine")

    def unreadable(self, ref: Ref, problem: str) -> Case:
        """The case of a record that a vendor says has changed and that cannot be read."""
        return Case(
            key=f"unreadable/{ref}",
            kind="unreadable",
            title=f"{ref} cannot be read: {problem}",
            owner=self.policy.owners.default,
            because=because("read", self.policy.version, record=ref),
            next_actions=("Look at the record at the vendor; the next change is read again",),
        )

    def silent(self, name: ConnectionName, problem: str) -> Case:
        """The case of a connection whose polls keep failing: what it says is not heard."""
        return Case(
            key=f"poll/{name}",
            kind="silent",
            title=f"{name} cannot be asked what changed: {problem}",
            owner=self.policy.owners.default,
            because=because("poll", self.policy.version, connection=name),
            next_actions=("Nothing, if the vendor is down: polling goes on by itself",),
        )

    def _undecided(self, account: AccountId, error: str) -> None:
        cases.open_case(
            self.tx,
            Case(
                key=f"undecided/{account}",
                kind="defect",
                title=f"This account could not be decided: the program broke ({error})",
                owner=self.policy.owners.default,
                because=because("decide", self.policy.version, account=account),
                account=account,
                next_actions=("Report this; nothing is done for this account until it is solved",),
            ),
            "engine",
        )

    def _approval(self, account: Account, command: Command) -> Case:
        total = command.total if isinstance(command, CreateInvoice) else None
        by = command.approval if isinstance(command, CreateInvoice) else ""
        return Case(
            key=f"approval/{command.key}",
            kind="approval",
            title=f"An invoice over {total} for {account.name} waits for approval",
            owner=by,
            because=command.because,
            account=account.id,
            money=total,
            next_actions=(f"tricord approve {command.key}",),
        )

    def _cannot(self, account: Account, command: Command) -> Case:
        verb = commands.verb_name(command)
        return Case(
            key=f"cannot/{command.key}",
            kind="cannot",
            title=f"{command.connection} cannot do {verb}, which is needed for {account.name}",
            owner=self.policy.owners.default,
            because=command.because,
            account=account.id,
            money=command.total if isinstance(command, CreateInvoice) else None,
            next_actions=("Give the role to a connection that can, and run tricord check",),
        )


def _subject(command: Command) -> Ref | None:
    match command:
        case CreateInvoice():
            return command.deal
        case UpdateRecord():
            return command.target
        case LogActivity():
            return command.on[0] if command.on else None
        case SendMessage():
            return command.about
        case CreateCustomer():
            return None


def _same_content(one: Record, other: Record) -> bool:
    """Whether two looks show the same, whenever they were taken."""
    if one.gone != other.gone or type(one) is not type(other):
        return False
    plain = {"version": 0, "stamp": 0, "gone_version": 0}
    return _without(one, plain) == _without(other, plain)


def _without(record: Record, plain: dict[str, int]) -> tuple[object, ...]:
    names = [name for name in record.__dataclass_fields__ if name not in plain]
    return tuple(getattr(record, name) for name in names)


def _same_value(ours: str, theirs: str) -> bool:
    """Texts alike, or numbers alike: vendors write 450.0 for 450.00."""
    if ours == theirs:
        return True
    try:
        return Decimal(ours) == Decimal(theirs)
    except InvalidOperation:
        return False
