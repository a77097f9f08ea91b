"""The commands, and one command: why it exists, how it went, and what can be done about it."""

from tricord.console.pages.accounts import invoice_rows
from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.core.commands import EffectState
from tricord.store import audit, views
from tricord.store.account_views import BOOKS, load
from tricord.store.command_views import COMMAND_VERBS
from tricord.store.database import Tx
from tricord.store.editing import correctable
from tricord.store.row_views import CommandRow

_STATES = tuple(str(state) for state in EffectState)


def commands(tx: Tx, asked: Asked) -> Content:
    state = asked.one_of("state", _STATES)
    verb = asked.one_of("verb", COMMAND_VERBS)
    found = views.commands(
        tx,
        limit=PER_PAGE + 1,
        state=state or None,
        offset=asked.offset,
        verb=verb,
        search=asked.search,
    )
    return {
        "rows": found[:PER_PAGE],
        "state": state,
        "states": _STATES,
        "verb": verb,
        "verbs": COMMAND_VERBS,
        "search": asked.search,
        "counts": views.status(tx)["commands"],
        **turning(asked, len(found), state=state, verb=verb),
    }


def command(tx: Tx, asked: Asked) -> Content | None:
    found = views.command(tx, asked.name)
    if found is None:
        return None
    row, attempts = found
    held = load(tx, [row.account], BOOKS)[row.account]
    invoice = next((one for one in invoice_rows(held, tx.now) if one.key == row.key), None)
    return {
        "command": row,
        "attempts": attempts,
        "invoice": invoice,
        "history": audit.entries_of(tx, [row.key]),
        "acts": acts_on(row),
        "corrections": correctable(tx, row.key),
        "said": None,
    }


def acts_on(row: CommandRow) -> tuple[str, ...]:
    """What a person can do about a command."""
    match row.state:
        case EffectState.HELD:
            return ("approve", "skip")
        case EffectState.REFUSED | EffectState.UNKNOWN:
            return ("retry", "skip")
        case EffectState.READY:
            return ("skip",)
        case _:
            return ()
