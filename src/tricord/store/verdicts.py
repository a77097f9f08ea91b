"""Verdicts: what a person decides about a command, a delivery or a case, each in one transaction.

Each wakes whom it concerns and is one entry in the audit log, under the name of who decided.
"""

from collections.abc import Mapping
from datetime import timedelta

from tricord.core.commands import EffectState
from tricord.core.editing import NotEditable
from tricord.store import case_life, cases, commands, deliveries, editing, mirror
from tricord.store.audit import record_act
from tricord.store.case_views import case_detail
from tricord.store.command_views import command_row
from tricord.store.database import Tx
from tricord.store.row_views import CaseRow

_ABOUT_A_COMMAND = ("approval", "refused", "unknown", "failing", "cannot")


class CannotDecide(Exception):
    """What was to be decided is not there, or not in a state for it; the text says which."""


def approve(tx: Tx, name: str, actor: str) -> str:
    """Let a held command leave. Answers with its key."""
    key = key_of(tx, name)
    if not commands.release(tx, key, [EffectState.HELD]):
        raise CannotDecide(f"{key} is not held; see: tricord explain {key}")
    cases.close_case(tx, f"approval/{key}", "approved", actor)
    record_act(tx, "command.approved", key, actor=actor)
    mirror.wake_owner(tx, key)
    return key


def retry(tx: Tx, name: str, actor: str) -> str:
    """Try a refused or unknown command again."""
    key = key_of(tx, name)
    if not commands.release(tx, key, [EffectState.REFUSED, EffectState.UNKNOWN]):
        raise CannotDecide(f"{key} is neither refused nor unknown; see: tricord explain {key}")
    for kind in ("refused", "unknown"):
        cases.close_case(tx, f"{kind}/{key}", "tried again", actor)
    record_act(tx, "command.retried", key, actor=actor)
    mirror.wake_owner(tx, key)
    return key


def edit(tx: Tx, name: str, changes: Mapping[str, str], actor: str) -> str:
    """Correct a refused command, never its money, and try it again."""
    key = key_of(tx, name)
    try:
        done = editing.edit(tx, key, changes, actor)
    except NotEditable as error:
        raise CannotDecide(str(error)) from error
    if not done:
        raise CannotDecide(f"{key} is not refused; see: tricord explain {key}")
    cases.close_case(tx, f"refused/{key}", "corrected and tried again", actor)
    mirror.wake_owner(tx, key)
    return key


def skip(tx: Tx, name: str, reason: str, actor: str) -> str:
    """Give a command up, with a reason."""
    key = key_of(tx, name)
    if not commands.give_up(tx, key, reason):
        raise CannotDecide(f"{key} is done or on its way; see: tricord explain {key}")
    for kind in _ABOUT_A_COMMAND:
        cases.close_case(tx, f"{kind}/{key}", reason, actor)
    record_act(tx, "command.given_up", key, actor=actor, reason=reason)
    mirror.wake_owner(tx, key)
    return key


def reread(tx: Tx, delivery: int, actor: str) -> None:
    """Read a parked delivery once more."""
    if not deliveries.release(tx, delivery):
        raise CannotDecide(f"delivery {delivery} is not parked; see: tricord cases")
    record_act(tx, "delivery.reread", str(delivery), actor=actor)


def resolve(tx: Tx, name: str, reason: str, actor: str) -> CaseRow:
    """Close a case, with a reason. It opens again when its facts change."""
    case = case_of(tx, name)
    if not cases.close_case(tx, case.key, reason, actor):
        raise CannotDecide(f"no open case is called {name!r}; see: tricord cases")
    return case


def assign(tx: Tx, name: str, who: str, actor: str) -> CaseRow:
    """Give a case to somebody. It is not escalated then."""
    case = case_of(tx, name)
    if not case_life.assign(tx, case.key, who, actor):
        raise CannotDecide(f"{case.key} is {case.state}; there is nothing to do")
    return case


def snooze(tx: Tx, name: str, length: timedelta, actor: str) -> CaseRow:
    """Put a case off for a while. Then it is open and told again."""
    case = case_of(tx, name)
    if not case_life.snooze(tx, case.key, tx.now + length, actor):
        raise CannotDecide(f"{case.key} is {case.state}; there is nothing to put off")
    return case


def case_of(tx: Tx, name: str) -> CaseRow:
    """The case of this key or number."""
    found = case_detail(tx, name)
    if found is None:
        raise CannotDecide(f"no case is called {name!r}; see: tricord cases")
    return found.case


def key_of(tx: Tx, name: str) -> str:
    found = command_row(tx, name)
    if found is None:
        raise CannotDecide(f"there is no command {name!r}; see: tricord commands")
    return found.key
