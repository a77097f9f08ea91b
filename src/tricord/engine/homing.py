"""Homing: each record is folded into the account it belongs to, and moves when that changes.

Where a record belongs depends on what is known alone, so one look can move others: those that hang
on the record, and those that share an address, a number, a domain or a thread with it. They are
found by index and asked once each.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tricord.core.commands import (
    Command,
    CreateCustomer,
    CreateInvoice,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.identity import Ground, Home, Traces, account_now, home_of, traces_of
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.observe import observe
from tricord.core.records import Company, Contact, Deal, Record, join
from tricord.engine.batch import Batch
from tricord.engine.lookups import Lookups
from tricord.engine.proposing import propose
from tricord.store import cases, commands, mirror, moments, schedule
from tricord.store.audit import record_act

_TRIES = 5
_SEEKING = (Kind.CUSTOMER, Kind.CONTACT, Kind.COMPANY, Kind.MESSAGE, Kind.CALL)


def see(batch: Batch, record: Record, source: str) -> None:
    """Fold one look at one record into its account, moving it there if it stood elsewhere."""
    ref, ground = record.ref, Ground.of(batch.policy)
    known = mirror.known(batch.tx, ref)
    merged = record if known is None else join(known[1], record)
    tied = mirror.tie(batch.tx, merged) if isinstance(merged, Deal) else []
    traces = traces_of(merged, ground)
    home, lookups = _place(batch, ground, merged, traces)
    account = mirror.ensure_account(batch.tx, home.account)
    if known is not None and known[0] == account and not tied and _same_content(known[1], merged):
        mirror.save_record(batch.tx, account, merged, traces)
        batch.put(batch.account(account).with_record(merged))
        return
    # What hangs on a record that was named and not seen stands where it seemed to belong.
    old = known[0] if known else home_of(ref, Lookups(batch.tx, ground), ground).account
    # Nobody may add to it while what stands there because of this record is being moved.
    batch.hold(old)
    after, changes = observe(batch.account(account), merged)
    batch.put(after)
    mirror.save_record(batch.tx, account, merged, traces)
    mirror.link(batch.tx, ref, account, home.basis)
    names = [type(change).__name__ for change in changes]
    mirror.observe_row(batch.tx, account, record, source, names)
    batch.touch(account)
    settling = Settling(batch, lookups)
    if old != account:
        settling.left(old, account)
    settling.ask(tied)
    before = known[1] if known else None
    settling.ask(_sharing(batch, ground, before, merged, moved=old != account))
    settling.settle()
    propose(batch, merged, home, lookups)


def _place(batch: Batch, ground: Ground, latest: Record, traces: Traces) -> tuple[Home, Lookups]:
    """Where a record belongs, with that account ours alone. Raises Busy.

    Whoever comes second of two that share a detail must see the first, so each detail is held. The
    home is looked for again once it is ours: what told where to go may have changed meanwhile.
    """
    for name in () if batch.alone else traces.named:
        batch.hold(name)
    for _ in range(_TRIES):
        lookups = Lookups(batch.tx, ground, latest)
        home = home_of(latest.ref, lookups, ground)
        if batch.alone or home.account in batch.held:
            return home, lookups
        batch.hold(home.account)
    raise schedule.Busy(home.account)


def resettle(batch: Batch, refs: Iterable[Ref]) -> "Settling":
    """Ask these records anew where they belong, after a person's word or a changed policy."""
    settling = Settling(batch, Lookups(batch.tx, Ground.of(batch.policy)))
    settling.ask(refs)
    settling.settle()
    return settling


def renew(batch: Batch) -> None:
    """Find every record by its details anew, if the policy now reads them in another way."""
    ground = Ground.of(batch.policy)
    told = f"{ground.crm} {ground.country} {' '.join(sorted(ground.shared))}"
    if not moments.is_new(batch.tx, "ground", told):
        return
    refs = mirror.every_ref(batch.tx)
    for ref in refs:
        known = mirror.known(batch.tx, ref)
        if known is not None and ref.kind in _SEEKING:
            mirror.save_record(batch.tx, known[0], known[1], traces_of(known[1], ground))
    resettle(batch, refs)


@dataclass(slots=True)
class Settling:
    """Records whose home may have changed, each asked once; then what follows accounts about."""

    batch: Batch
    lookups: Lookups
    records: dict[Ref, None] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    _waiting: deque[Ref] = field(default_factory=deque)
    _asked: set[Ref] = field(default_factory=set)
    _left: dict[AccountId, AccountId] = field(default_factory=dict)

    def ask(self, refs: Iterable[Ref]) -> None:
        self._waiting.extend(ref for ref in refs if ref not in self._asked)

    def left(self, old: AccountId, home: AccountId) -> None:
        """A record went from `old` to `home`: what hangs on it stands in `old` and may follow."""
        if old not in self._left and mirror.exists(self.batch.tx, old):
            self._left[old] = home
            self.ask(list(self.batch.account(old).records))
        self.batch.forget(old)

    def settle(self) -> None:
        while self._waiting:
            ref = self._waiting.popleft()
            if ref not in self._asked:
                self._asked.add(ref)
                self._move_if_elsewhere(ref)
        for old, home in list(self._left.items()):
            self._follow(old, home)

    def _move_if_elsewhere(self, ref: Ref) -> None:
        tx, ground = self.batch.tx, self.lookups.ground
        record, old = self.lookups.record(ref), mirror.account_of(tx, ref)
        if record is None or old is None:
            return
        home = home_of(ref, self.lookups, ground)
        mirror.link(tx, ref, home.account, home.basis)
        if home.account != old:
            self.batch.hold(old)
            self.batch.hold(home.account)
            mirror.ensure_account(tx, home.account)
            mirror.save_record(tx, home.account, record, traces_of(record, ground))
            self.records[ref] = None
            self.batch.forget(home.account)
            self.batch.touch(home.account)
            self.left(old, home.account)
            self.ask(_sharing(self.batch, ground, record, record))
        propose(self.batch, record, home, self.lookups)

    def _follow(self, old: AccountId, first: AccountId) -> None:
        """Commands and cases of an account go where the records they are about went."""
        tx = self.batch.tx
        empty = mirror.is_empty(tx, old)
        home = account_now(old, self.lookups, self.lookups.ground) if empty else old
        home = first if home == old and empty else home
        going: dict[AccountId, list[str]] = {}
        for key, effect in commands.effects_of(tx, old).items():
            about = subject(effect.command)
            where = mirror.account_of(tx, about) if about else None
            target = where or home
            if target != old:
                going.setdefault(target, []).append(key)
        for target, keys in going.items():
            self.batch.hold(target)
            mirror.ensure_account(tx, target)
            commands.move(tx, keys, old, target)
            self.commands += keys
            self.batch.forget(target)
            self.batch.touch(target)
        self.batch.forget(old)
        if empty and mirror.exists(tx, old) and home != old:
            self.cases += cases.move(tx, old, home)
            mirror.merge_into(tx, old, home)
            self.batch.touched.pop(old, None)
            record_act(tx, "account.merged", old, into=home)
        elif not empty:
            self.batch.touch(old)


def _sharing(
    batch: Batch, ground: Ground, before: Record | None, after: Record, *, moved: bool = True
) -> Iterator[Ref]:
    """The records whose home this one's details may decide, if any of it has changed."""
    if after.ref.kind not in _SEEKING or after.ref.kind is Kind.CALL:
        return
    new = traces_of(after, ground)
    old = traces_of(before, ground) if before is not None else new
    renamed = before is None or _told(before) != _told(after)
    if not moved and not renamed and old == new:
        return
    if after.ref.kind is Kind.MESSAGE:
        for message in {traces.message: None for traces in (old, new) if traces.message}:
            yield from mirror.mentioning(batch.tx, message)
        return
    for trace in ("email", "phone", "domain"):
        for value in {getattr(traces, trace): None for traces in (old, new)}:
            if value:
                found = mirror.found_by(batch.tx, trace, value, _SEEKING)
                yield from (ref for ref in found if _seeks(ref, ground))
    if isinstance(after, Company) and renamed:
        # What a company is called speaks for and against those who share a detail with its people.
        home = mirror.account_of(batch.tx, after.ref)
        for contact in batch.account(home).contacts if home else ():
            if contact.company == after.ref:
                yield from _sharing(batch, ground, contact, contact)


def _seeks(ref: Ref, ground: Ground) -> bool:
    """Whether such a record goes home by its details: what the CRM says of its own does not."""
    return ref.kind not in (Kind.COMPANY, Kind.CONTACT) or ref.connection != ground.crm


def _told(record: Record) -> object:
    """What of a record is compared with others, besides its traces."""
    match record:
        case Company():
            return record.name, record.address, record.gone
        case Contact():
            return record.name, record.company, record.gone
        case _:
            return record.gone


def subject(command: Command) -> Ref | None:
    """The record a command is about, which it follows into another account."""
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
