"""Homing: each record is folded into the account it belongs to, and moves when that changes."""

from tricord.core.account import Account
from tricord.core.commands import (
    Command,
    CreateCustomer,
    CreateInvoice,
    LogActivity,
    SendMessage,
    UpdateRecord,
)
from tricord.core.identity import Home, account_id, home_of
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.observe import observe
from tricord.core.records import Contact, Customer, Deal, Record, join
from tricord.engine.batch import Batch
from tricord.store import cases, commands, mirror, schedule
from tricord.store.audit import record_act

_TRIES = 5


def see(batch: Batch, record: Record, source: str) -> None:
    """Fold one look at one record into its account, moving it there if it stood elsewhere."""
    ref = record.ref
    known = mirror.known(batch.tx, ref)
    merged = record if known is None else join(known[1], record)
    tied = mirror.tie(batch.tx, merged) if isinstance(merged, Deal) else []
    home = _ours(batch, ref, merged)
    if known is not None and known[0] == home and not tied and _same_content(known[1], merged):
        mirror.save_record(batch.tx, home, merged)
        batch.put(batch.account(home).with_record(merged))
        return
    old = known[0] if known else account_id(ref)
    # What came in the meantime because of this record stands there: nobody may add to it now.
    batch.hold(old)
    before = batch.account(home)
    after, changes = observe(before, merged)
    batch.put(after)
    mirror.save_record(batch.tx, home, merged)
    mirror.link(batch.tx, ref, home, _basis(batch, ref, merged))
    names = [type(change).__name__ for change in changes]
    mirror.observe_row(batch.tx, home, record, source, names)
    batch.touch(home)
    if old != home:
        _drop_from(batch, old, ref)
        _rehome(batch, old, home)
    for contact in tied:
        _move_if_elsewhere(batch, contact)
    if isinstance(merged, Contact) and merged.email:
        for customer in mirror.by_email(batch.tx, Kind.CUSTOMER, merged.email):
            _move_if_elsewhere(batch, customer)


def _ours(batch: Batch, ref: Ref, latest: Record) -> AccountId:
    """The account of a record, made if it is new, and ours alone until the transaction ends.

    It is looked for again once it is ours: what told where to go may have changed meanwhile.
    """
    if isinstance(latest, Contact | Customer) and latest.email:
        # Whoever comes second of a contact and a customer with one address must see the first.
        batch.hold(f"email|{latest.email.strip().lower()}")
    home = mirror.ensure_account(batch.tx, _home(batch, ref, latest))
    if batch.alone:
        return home
    for _ in range(_TRIES):
        batch.hold(home)
        again = mirror.ensure_account(batch.tx, _home(batch, ref, latest))
        if again == home:
            return home
        home = again
    raise schedule.Busy(home)


def _home(batch: Batch, ref: Ref, latest: Record) -> AccountId:
    return _way(batch, ref, latest).account


def _basis(batch: Batch, ref: Ref, latest: Record) -> str:
    return _way(batch, ref, latest).basis


def _way(batch: Batch, ref: Ref, latest: Record) -> Home:
    def named_by(contact: Ref) -> Ref | None:
        return mirror.deal_naming(batch.tx, contact)

    return home_of(ref, _lookup(batch, latest), lambda email: _contact_of(batch, email), named_by)


def _lookup(batch: Batch, latest: Record):  # type: ignore[no-untyped-def]  # a function of a ref
    def look(ref: Ref) -> Record | None:
        if ref == latest.ref:
            return latest
        found = mirror.known(batch.tx, ref)
        return found[1] if found else None

    return look


def _contact_of(batch: Batch, email: str) -> Ref | None:
    found = mirror.by_email(batch.tx, Kind.CONTACT, email)
    crm = [ref for ref in found if ref.connection == batch.policy.roles.crm]
    return next(iter(crm), None)


def _move_if_elsewhere(batch: Batch, ref: Ref) -> None:
    known = mirror.known(batch.tx, ref)
    if known is None:
        return
    old, record = known
    home = _ours(batch, ref, record)
    if home == old:
        return
    batch.hold(old)
    batch.put(batch.account(home).with_record(record))
    mirror.save_record(batch.tx, home, record)
    mirror.link(batch.tx, ref, home, _basis(batch, ref, record))
    batch.touch(home)
    _drop_from(batch, old, ref)
    _rehome(batch, old, home)


def _rehome(batch: Batch, old: AccountId, home: AccountId) -> None:
    """What stood in `old` because of a record that left goes where it belongs now."""
    for ref in list(mirror.records_of(batch.tx, old)):
        _move_if_elsewhere(batch, ref)
    batch.forget(old)
    left = mirror.records_of(batch.tx, old)
    moving = [
        key
        for key, effect in commands.effects_of(batch.tx, old).items()
        if not left or _subject(effect.command) in batch.account(home).records
    ]
    if moving:
        commands.move(batch.tx, moving, old, home)
        batch.forget(home)
    if not left and mirror.exists(batch.tx, old):
        cases.move(batch.tx, old, home)
        mirror.merge_into(batch.tx, old, home)
        record_act(batch.tx, "account.merged", old, into=home)
    elif left:
        batch.touch(old)


def _drop_from(batch: Batch, account: AccountId, ref: Ref) -> None:
    held = batch.accounts.get(account)
    if held is not None and ref in held.records:
        rest = {other: record for other, record in held.records.items() if other != ref}
        batch.accounts[account] = Account(id=account, records=rest, effects=held.effects)


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
