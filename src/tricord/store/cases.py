"""Cases: one live row per cause of its own; a case whose cause is gone closes itself."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from tricord.core.case_kinds import DUE
from tricord.core.cases import LIVE, Case, CaseState
from tricord.core.ids import AccountId
from tricord.store import codec
from tricord.store.audit import record_act
from tricord.store.codec import to_micros
from tricord.store.database import Tx
from tricord.store.schema import cases
from tricord.store.sealing import seal, unseal

LIVING = tuple(str(state) for state in LIVE)


def open_case(tx: Tx, case: Case, origin: str) -> bool:
    """Open it, or bring the live one of the same key up to date. True when it is new."""
    plain = codec.dump(case)
    row = tx.db.execute(
        select(cases).where(cases.c.key == case.key, cases.c.state.in_(LIVING))
    ).first()
    values = {
        "account": case.account,
        "minor": case.money.minor if case.money else None,
        "currency": case.money.currency if case.money else None,
    }
    if row is not None:
        if unseal(tx.keys.common, row.sealed, f"cases|{case.key}") != plain:
            sealed = seal(tx.keys.common, plain, f"cases|{case.key}")
            # Once it is escalated it stays with whom it was given to.
            owner = {} if row.escalated_at else {"owner": case.owner}
            here = update(cases).where(cases.c.id == row.id)
            tx.db.execute(here.values(sealed=sealed, **owner, **values))
        return False
    tx.db.execute(
        insert(cases).values(
            key=case.key,
            kind=case.kind,
            cause=case.cause,
            severity=str(case.severity),
            origin=origin,
            owner=case.owner,
            state=str(CaseState.OPEN),
            opened_at=to_micros(tx.now),
            due_at=to_micros(tx.now + DUE[case.severity]),
            sealed=seal(tx.keys.common, plain, f"cases|{case.key}"),
            **values,
        )
    )
    record_act(tx, "case.opened", case.key, kind=case.kind, owner=case.owner)
    return True


def close_case(tx: Tx, key: str, reason: str = "cause gone", actor: str = "tricord") -> bool:
    """False when no such case is live. One that a person resolves stays so while it is the same."""
    here = update(cases).where(cases.c.key == key, cases.c.state.in_(LIVING))
    state = CaseState.CLOSED if actor == "tricord" else CaseState.RESOLVED
    values = {"state": str(state), "closed_at": to_micros(tx.now), "snoozed_until": None}
    if tx.db.execute(here.values(**values)).rowcount == 0:
        return False
    record_act(tx, "case.closed", key, actor=actor, reason=reason)
    return True


def is_live(tx: Tx, key: str) -> bool:
    query = select(cases.c.id).where(cases.c.key == key, cases.c.state.in_(LIVING))
    return tx.db.execute(query).first() is not None


def live_of_cause(tx: Tx, cause: str) -> list[str]:
    """The keys of all live cases of a cause, oldest first."""
    query = select(cases.c.key).where(cases.c.cause == cause, cases.c.state.in_(LIVING))
    return list(tx.db.execute(query.order_by(cases.c.id)).scalars())


def sync_decided(tx: Tx, account: AccountId, wanted: Sequence[Case]) -> None:
    """The account's cases are exactly those that deciding it named just now."""
    for case in wanted:
        if not _resolved(tx, case):
            open_case(tx, case, "decide")
    live_now = select(cases.c.key).where(
        cases.c.account == account, cases.c.state.in_(LIVING), cases.c.origin == "decide"
    )
    keys = {case.key for case in wanted}
    for row in tx.db.execute(live_now).all():
        if row.key not in keys:
            close_case(tx, row.key)


def _resolved(tx: Tx, case: Case) -> bool:
    """Whether a person has resolved exactly this, with these figures."""
    query = select(cases.c.sealed, cases.c.state).where(cases.c.key == case.key)
    last = tx.db.execute(query.order_by(cases.c.id.desc()).limit(1)).first()
    if last is None or last.state != "resolved":
        return False
    return unseal(tx.keys.common, last.sealed, f"cases|{case.key}") == codec.dump(case)


def move(tx: Tx, old: AccountId, new: AccountId) -> list[str]:
    """All cases of one account become the other's. Answers with the keys of the open ones."""
    open_now = select(cases.c.key).where(cases.c.account == old, cases.c.state == "open")
    keys = list(tx.db.execute(open_now.order_by(cases.c.key)).scalars())
    tx.db.execute(update(cases).where(cases.c.account == old).values(account=new))
    return keys


def move_back(tx: Tx, keys: Sequence[str], old: AccountId, new: AccountId) -> None:
    """These cases, as far as they are still the old account's, become the other's."""
    here = update(cases).where(cases.c.account == old, cases.c.key.in_(keys))
    tx.db.execute(here.values(account=new))
