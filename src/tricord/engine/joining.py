"""Joining: what a person decides about whose a record is, done at once and written down.

Each act is a fact of its own, so it can be undone exactly, and the order in which records arrive
before or after it makes no difference.
"""

from tricord.core.identity import Ground, account_now
from tricord.core.ids import AccountId, Ref
from tricord.engine.batch import Batch
from tricord.engine.homing import resettle, subject
from tricord.engine.lookups import Lookups
from tricord.engine.proposing import withdraw
from tricord.store import cases, commands, links, matches, mirror
from tricord.store.audit import record_act


class CannotJoin(Exception):
    """What was asked is not possible; the text says why. Nothing was changed."""


def link(batch: Batch, ref: Ref, account: AccountId, actor: str) -> AccountId:
    """This record is this account's, by a person's word. Answers with where it is now."""
    _known(batch, ref)
    home = _now(batch, account)
    links.choose(batch.tx, ref, home, actor)
    record_act(batch.tx, "identity.linked", str(ref), actor=actor, account=home)
    resettle(batch, [ref])
    _wake(batch)
    return home


def unlink(batch: Batch, ref: Ref, actor: str) -> AccountId:
    """Take a person's link back: the record belongs where its own details say."""
    if not links.unchoose(batch.tx, ref):
        raise CannotJoin(f"no person has linked {ref}; it is where its own details lead")
    record_act(batch.tx, "identity.unlinked", str(ref), actor=actor)
    resettle(batch, [ref])
    _wake(batch)
    return mirror.account_of(batch.tx, ref) or AccountId("")


def merge(batch: Batch, one: AccountId, other: AccountId, actor: str, reason: str) -> AccountId:
    """`one` is the same client as `other`: everything of it is `other`'s from now on.

    Nothing is issued anew: commands move with their keys, and issued documents keep their party.
    """
    emptied, home = _now(batch, one), _now(batch, other)
    if emptied == home:
        raise CannotJoin(f"{one} and {other} are one account already")
    number = links.merge(batch.tx, emptied, home, actor, reason)
    moved = resettle(batch, list(batch.account(emptied).records))
    links.note_moved(batch.tx, number, list(moved.records), moved.commands, moved.cases)
    record_act(batch.tx, "identity.merged", emptied, actor=actor, into=home, reason=reason)
    _wake(batch)
    return home


def unmerge(batch: Batch, emptied: AccountId, actor: str, reason: str) -> AccountId:
    """Undo a merge: what it moved goes back, and what came since goes where its details say."""
    held = links.live_merge(batch.tx, emptied)
    if held is None:
        raise CannotJoin(f"{emptied} is not merged into another; see: tricord identity show")
    home = _now(batch, emptied)
    links.unmerge(batch.tx, held.id)
    resettle(batch, list(batch.account(home).records))
    back = _now(batch, emptied)
    mirror.ensure_account(batch.tx, back)
    left = commands.effects_of(batch.tx, home)
    staying = batch.account(home).records
    keys = [key for key in held.commands if key in left]
    keys = [key for key in keys if subject(left[key].command) not in staying]
    if keys:
        commands.move(batch.tx, keys, home, back)
    cases.move_back(batch.tx, held.cases, home, back)
    batch.forget(home)
    batch.forget(back)
    batch.touch(home)
    batch.touch(back)
    record_act(batch.tx, "identity.unmerged", emptied, actor=actor, reason=reason, out_of=home)
    _wake(batch)
    return home


def accept(batch: Batch, number: int, actor: str) -> AccountId:
    """The match is right: the record is that account's from now on."""
    match = _open_match(batch, number)
    matches.decide(batch.tx, number, matches.ACCEPTED, actor)
    record_act(batch.tx, "identity.accepted", str(match.record), actor=actor, match=number)
    home = link(batch, match.record, match.account, actor)
    withdraw(batch, match.record)
    return home


def reject(batch: Batch, number: int, actor: str) -> Ref:
    """The match is wrong, and is never proposed again."""
    match = _open_match(batch, number)
    matches.decide(batch.tx, number, matches.REJECTED, actor)
    record_act(batch.tx, "identity.rejected", str(match.record), actor=actor, match=number)
    resettle(batch, [match.record])
    if not any(m.state == matches.OPEN for m in matches.of_record(batch.tx, match.record)):
        cases.close_case(batch.tx, f"identity/{match.record}", "rejected", actor)
    return match.record


def _open_match(batch: Batch, number: int) -> matches.Match:
    match = matches.one(batch.tx, number)
    if match is None or match.state != matches.OPEN:
        raise CannotJoin(f"no open match has the number {number}; see: tricord identity queue")
    return match


def _known(batch: Batch, ref: Ref) -> None:
    if mirror.account_of(batch.tx, ref) is None:
        raise CannotJoin(f"there is no record {ref}; see: tricord identity show ACCOUNT")


def _now(batch: Batch, account: AccountId) -> AccountId:
    if not mirror.exists(batch.tx, account):
        raise CannotJoin(f"there is no account {account}; see: tricord accounts")
    ground = Ground.of(batch.policy)
    return account_now(account, Lookups(batch.tx, ground), ground)


def _wake(batch: Batch) -> None:
    """Have every account that gained or lost something decided by the engine."""
    for account in list(batch.touched):
        mirror.wake(batch.tx, account)
    batch.touched.clear()
