"""The cases, and one case with its evidence, its command, and everything that was done about it."""

from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.store import audit
from tricord.store.caseload import CASE_ORDERS, CaseQuery, case_row, case_tallies, listed_cases
from tricord.store.command_views import attempts_of, command_row
from tricord.store.database import Tx
from tricord.store.row_views import CaseRow

_STATES = ("open", "closed")
_ABOUT_A_COMMAND = ("approval", "refused", "unknown", "failing", "cannot")


def cases(tx: Tx, asked: Asked) -> Content:
    state = asked.one_of("state", _STATES) or "open"
    tallies = case_tallies(tx, state)
    owner = asked.one_of("owner", tuple(tallies.owners))
    kind = asked.one_of("kind", tuple(tallies.kinds))
    order = asked.one_of("order", CASE_ORDERS) or CASE_ORDERS[0]
    wanted = CaseQuery(state=state, owner=owner, kind=kind, order=order)
    found = listed_cases(tx, wanted, PER_PAGE + 1, asked.offset)
    return {
        "rows": found[:PER_PAGE],
        "state": state,
        "tallies": tallies,
        "owner": owner,
        "kind": kind,
        "order": order,
        "orders": CASE_ORDERS,
        **turning(asked, len(found), state=state, owner=owner, kind=kind, order=order),
    }


def case(tx: Tx, asked: Asked) -> Content | None:
    found = case_row(tx, asked.name)
    if found is None:
        return None
    key = command_of(found)
    command = command_row(tx, key) if key else None
    subjects = [found.key, *([key] if key else [])]
    return {
        "case": found,
        "command": command,
        "attempts": attempts_of(tx, command.id) if command else (),
        "history": audit.entries_of(tx, subjects),
        "acts": acts_on(found),
        "delivery": found.key.partition("/")[2] if found.kind == "parked" else "",
    }


def command_of(found: CaseRow) -> str:
    """The key of the command that a case is about; "" when it is about none."""
    return found.key.removeprefix(f"{found.kind}/") if found.kind in _ABOUT_A_COMMAND else ""


def acts_on(found: CaseRow) -> tuple[str, ...]:
    """What a person can do about a case here, the likeliest first."""
    if found.state != "open":
        return ()
    own = {
        "approval": ("approve", "skip"),
        "refused": ("retry", "skip"),
        "unknown": ("retry", "skip"),
        "failing": ("skip",),
        "cannot": ("skip",),
        "parked": ("reread",),
    }.get(found.kind, ())
    return (*own, "resolve")
