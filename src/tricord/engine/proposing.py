"""Proposing: a client of a second system that is certainly nobody's is put before a person.

Those that share an address, a number or a domain with a client of the CRM are found by index, at
once. Those that share a name alone are found by a scan of all names, opened in memory, because a
name has no index: once an hour, and only while there is somebody to match.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from tricord.core import doubts
from tricord.core.account import Account
from tricord.core.identity import Ground, Home, account_now, candidates, is_seeker, profile_of
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.matching import POSSIBLE, Likeness, Profile, blocks_of, compare, ranked
from tricord.core.records import Record
from tricord.engine.batch import Batch
from tricord.engine.lookups import Lookups
from tricord.store import cases, matches, mirror, moments
from tricord.store.account_views import load
from tricord.store.matches import Proposal

MOST = 3
"""How many accounts are proposed for one record: a longer list is not read."""
RHYTHM = timedelta(hours=1)
_CLIENTS = (Kind.COMPANY, Kind.CONTACT)
_AT_ONCE = 500
_COMMON = 200
"""A piece of a name that more accounts have tells nothing."""
_COMPARED = 25
"""How many accounts one name is compared with: those that share most of its pieces."""


def propose(batch: Batch, record: Record, home: Home, lookups: Lookups) -> None:
    """Bring the record's open matches and its case up to date."""
    ground = lookups.ground
    if not is_seeker(record, ground):
        return
    held = matches.of_record(batch.tx, record.ref)
    if home.basis != "own" or record.gone:
        if any(match.state == matches.OPEN for match in held):
            withdraw(batch, record.ref)
        return
    found = {one.account: one.likeness for one in candidates(record, lookups, ground)}
    mine = profile_of(record, ground)
    for match in held:
        if match.state == matches.OPEN:
            account = account_now(match.account, lookups, ground)
            if account not in found:
                found[account] = compare(mine, _profile(batch.account(account), ground))
    _put(batch, record.ref, home.account, found, lookups)


def withdraw(batch: Batch, ref: Ref) -> None:
    """The record has found its account: nobody need be asked."""
    matches.propose(batch.tx, ref, [])
    cases.close_case(batch.tx, f"identity/{ref}")


def scan_when_due(batch: Batch) -> None:
    if moments.is_time_for(batch.tx, "names scanned", RHYTHM):
        scan(batch)


def scan(batch: Batch) -> int:
    """Compare the names of those who found no account with every client's. How many were asked."""
    ground = Ground.of(batch.policy)
    alone = mirror.standing_alone(batch.tx, (Kind.CUSTOMER, Kind.CONTACT, Kind.COMPANY))
    seekers = [ref for ref in alone if ref.kind is Kind.CUSTOMER or ref.connection != ground.crm]
    if not seekers:
        return 0
    profiles = _clients(batch, ground)
    blocks: dict[str, list[AccountId]] = {}
    for account, profile in profiles.items():
        for block in {block for name in profile.names for block in blocks_of(name)}:
            blocks.setdefault(block, []).append(account)
    lookups = Lookups(batch.tx, ground)
    for ref in seekers:
        home, record = mirror.account_of(batch.tx, ref), lookups.record(ref)
        if home is not None and record is not None:
            _compare_names(batch, home, record, profiles, blocks, lookups)
    return len(seekers)


def _compare_names(
    batch: Batch,
    home: AccountId,
    record: Record,
    profiles: Mapping[AccountId, Profile],
    blocks: Mapping[str, list[AccountId]],
    lookups: Lookups,
) -> None:
    mine = profile_of(record, lookups.ground)
    near: Counter[AccountId] = Counter()
    for block in sorted({block for name in mine.names for block in blocks_of(name)}):
        accounts = blocks.get(block, [])
        if len(accounts) <= _COMMON:
            near.update(accounts)
    near.pop(home, None)
    nearest = sorted(near, key=lambda account: (-near[account], account))[:_COMPARED]
    found = {account: compare(mine, profiles[account]) for account in nearest}
    # What shares a detail is judged with everything that shares it, as on every look.
    sharing = candidates(record, lookups, lookups.ground)
    found |= {one.account: one.likeness for one in sharing}
    _put(batch, record.ref, home, found, lookups)


def _put(
    batch: Batch,
    ref: Ref,
    home: AccountId,
    found: Mapping[AccountId, Likeness],
    lookups: Lookups,
) -> None:
    tx = batch.tx
    likely = [(account, one) for account, one in ranked(found.items()) if one.score >= POSSIBLE]
    held = matches.of_record(tx, ref)
    rejected = {
        account_now(match.account, lookups, lookups.ground)
        for match in held
        if match.state == matches.REJECTED
    }
    wanted = [
        Proposal(account=AccountId(account), score=one.score, reasons=one.reasons)
        for account, one in likely
        if account not in rejected and account != home
    ][:MOST]
    had = {(one.account, round(one.score, 4)) for one in held if one.state == matches.OPEN}
    if had == {(one.account, round(one.score, 4)) for one in wanted}:
        return
    matches.propose(tx, ref, wanted)
    if not wanted:
        cases.close_case(tx, f"identity/{ref}")
        return
    told = [
        (match.id, batch.account(match.account).name, found[match.account])
        for match in matches.of_record(tx, ref)
        if match.state == matches.OPEN
    ]
    case = doubts.unmatched(batch.policy, batch.account(home), ref, told)
    cases.open_case(tx, case, "engine")


def _clients(batch: Batch, ground: Ground) -> dict[AccountId, Profile]:
    """Each account that the CRM knows, with the details of its companies and people."""
    found: dict[AccountId, Profile] = {}
    ids = mirror.accounts_with(batch.tx, _CLIENTS)
    for start in range(0, len(ids), _AT_ONCE):
        for account in load(batch.tx, ids[start : start + _AT_ONCE], _CLIENTS).values():
            found[account.id] = _profile(account, ground)
    return found


def _profile(account: Account, ground: Ground) -> Profile:
    profile = Profile()
    people: Iterable[Record] = (*account.companies, *account.contacts)
    for record in people:
        if record.ref.connection == ground.crm:
            profile = profile.joined(profile_of(record, ground))
    return profile
