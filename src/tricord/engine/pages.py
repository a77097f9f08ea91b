"""Pages: what one page of an import does to the store, and whether all of its kind is here."""

from collections.abc import Sequence

import structlog

from tricord.core import troubles
from tricord.core.records import Record
from tricord.engine import breaker
from tricord.engine.batch import Batch
from tricord.engine.deciding import converge
from tricord.engine.homing import see
from tricord.engine.means import Means
from tricord.sdk.paging import Page
from tricord.store import cases, imports, schedule
from tricord.store.audit import record_act
from tricord.store.database import Tx
from tricord.store.imports import Import, ImportState

log = structlog.get_logger("tricord.importing")


PART = 50
"""Records in one transaction: webhooks and everything else wait for no more than these."""

Records = Sequence[Record]


def parts_of(records: Records) -> list[Records]:
    """The records of a page in parts of their order; one empty part where there are none."""
    return [records[start : start + PART] for start in range(0, len(records), PART)] or [()]


def store_part(means: Means, records: Records, tx: Tx) -> None:
    """Fold some of a page. Raises Busy while another worker has one of its accounts in hand."""
    batch = batch_of(means, tx)
    _see(batch, records)
    converge(batch)


def store_last(
    means: Means, one: Import, page: Page, records: Records, tx: Tx, *, counts: bool
) -> Import:
    """Fold the last of a page, and move the cursor on. `counts` is False for one read again."""
    batch = batch_of(means, tx)
    _see(batch, records)
    for row in page.unread:
        told = troubles.unreadable(batch.policy, row.ref, row.problem)
        cases.open_case(tx, told, "engine")
    converge(batch)
    listed = sum(record.ref.kind is one.kind for record in page.records) + len(page.unread)
    stored = imports.advance(
        tx,
        one,
        cursor=page.cursor,
        listed=listed if counts else 0,
        total=page.total,
        more=page.more,
    )
    breaker.well(batch, one.connection)
    breaker.note(batch)
    means.crash_point("before a page commits")
    return stored


def difference(one: Import, tx: Tx) -> tuple[int, str]:
    """How many are here, and what is wrong with that, "" when nothing is."""
    here = imports.held(tx, one.connection, one.kind)
    if one.total is None:
        words = f"{one.seen} of {one.kind} were listed, and {here} are here"
        return here, words if here < one.seen else ""
    if here != one.total:
        here = imports.living(tx, one.connection, one.kind)
    words = f"it counts {one.total} of {one.kind}, and {here} are here"
    return here, words if here != one.total else ""


def end(means: Means, one: Import, here: int, problem: str, tx: Tx) -> Import:
    """The import of this kind is over: done, or with a case for what differs."""
    state = ImportState.DIFFERS if problem else ImportState.DONE
    again = f"tricord backfill --restart --only {one.connection} --kinds {one.kind}"
    told = troubles.incomplete_import(means.policy, one.connection, one.kind, problem, again)
    if problem:
        cases.open_case(tx, told, "engine")
    else:
        cases.close_case(tx, told.key)
    record_act(tx, "import.ended", one.name, state=str(state), held=here)
    return imports.finish(tx, one, state, here, problem)


def batch_of(means: Means, tx: Tx) -> Batch:
    """A batch that decides nothing, whatever the mode is by now."""
    return Batch(tx, means.policy, means.connections, means.pulse.worker, live=False)


def _see(batch: Batch, records: Records) -> None:
    """Fold all of them; if one breaks the program, the others are folded all the same."""
    try:
        with batch.undoable():
            for record in records:
                see(batch, record, "import")
    except schedule.Busy:
        raise
    except Exception as error:  # the engine's boundary: told as a case, never lost
        log.error("importing.page_broke", error=type(error).__name__)
        for record in records:
            _see_alone(batch, record)


def _see_alone(batch: Batch, record: Record) -> None:
    try:
        with batch.undoable():
            see(batch, record, "import")
    except schedule.Busy:
        raise
    except Exception as error:  # the same boundary, for one record
        words = f"it broke the program ({type(error).__name__})"
        cases.open_case(batch.tx, troubles.unreadable(batch.policy, record.ref, words), "engine")
