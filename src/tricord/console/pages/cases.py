"""The cases, and one case with its evidence, its command, and everything that was done about it."""

from tricord.console.pages.asked import LONGEST_SEARCH, PER_PAGE, Asked, Content, turning
from tricord.store.case_views import case_detail
from tricord.store.caseload import (
    CASE_ORDERS,
    CASE_STATES,
    CaseQuery,
    case_tallies,
    listed_cases,
)
from tricord.store.database import Tx


def cases(tx: Tx, asked: Asked) -> Content:
    state = asked.one_of("state", CASE_STATES) or "open"
    tallies = case_tallies(tx, state)
    owner = asked.one_of("owner", tuple(tallies.owners))
    kind = asked.one_of("kind", tuple(tallies.kinds))
    order = asked.one_of("order", CASE_ORDERS) or CASE_ORDERS[0]
    # An alert leads here with its cause.
    cause = asked.query.get("cause", "")[:LONGEST_SEARCH]
    wanted = CaseQuery(state=state, owner=owner, kind=kind, cause=cause, order=order)
    found = listed_cases(tx, wanted, PER_PAGE + 1, asked.offset)
    kept = {"state": state, "owner": owner, "kind": kind, "cause": cause, "order": order}
    return {
        "rows": found[:PER_PAGE],
        "states": CASE_STATES,
        "tallies": tallies,
        **kept,
        **turning(asked, len(found), **kept),
    }


def case(tx: Tx, asked: Asked) -> Content | None:
    found = case_detail(tx, asked.name)
    if found is None:
        return None
    row = found.case
    return {
        "case": row,
        "command": found.command,
        "attempts": found.attempts,
        "history": found.history,
        "notices": found.notices,
        "delivery": row.key.partition("/")[2] if row.kind == "parked" else "",
    }
