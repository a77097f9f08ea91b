"""How the whole is doing: what waits, what is at stake, and whether each connection is alive."""

from sqlalchemy import and_, func, select

from tricord.core.money import Money
from tricord.store import deliveries
from tricord.store.codec import from_micros, maybe_time
from tricord.store.database import Tx
from tricord.store.row_views import plain
from tricord.store.schema import cases, commands, connections, cursors, hints
from tricord.store.schema import deliveries as delivery_table
