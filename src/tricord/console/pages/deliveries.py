"""The deliveries, and one delivery: when it came, what became of it, what it says."""

from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.store import audit
from tricord.store.connection_views import connection_names
from tricord.store.database import Tx
from tricord.store.deliveries import counts
from tricord.store.delivery_views import STATES, DeliveryFilter, delivery_row, delivery_rows


def deliveries(tx: Tx, asked: Asked) -> Content:
    names = connection_names(tx)
    connection = asked.one_of("connection", names)
    state = asked.one_of("state", STATES)
    wanted = DeliveryFilter(connection=connection, state=state, search=asked.search)
    found = delivery_rows(tx, wanted, PER_PAGE + 1, asked.offset)
    return {
        "rows": found[:PER_PAGE],
        "connection": connection,
        "names": names,
        "state": state,
        "states": STATES,
        "counts": counts(tx),
        "search": asked.search,
        **turning(asked, len(found), connection=connection, state=state),
    }


def delivery(tx: Tx, asked: Asked) -> Content | None:
    found = delivery_row(tx, asked.name)
    if found is None:
        return None
    return {
        "delivery": found,
        "history": [
            e
            for e in audit.entries_of(tx, [str(found.id)])
            if str(e["act"]).startswith("delivery.")
        ],
        "opened": None,
    }
