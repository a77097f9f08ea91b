"""The invoices with their ageing, currency by currency."""

from datetime import timedelta

from tricord.console.charts import course
from tricord.console.pages.asked import PER_PAGE, Asked, Content, turning
from tricord.console.pages.bars import ageing_bar
from tricord.store import books_views, views
from tricord.store.database import Tx
from tricord.store.row_views import INVOICE_FILTERS

_WEEKS = 26


def invoices(tx: Tx, asked: Asked) -> Content:
    wanted = asked.one_of("state", INVOICE_FILTERS)
    totals = views.totals(tx)
    currency = asked.one_of("currency", tuple(one.outstanding.currency for one in totals))
    found = views.invoices(
        tx, limit=PER_PAGE + 1, offset=asked.offset, wanted=wanted, currency=currency
    )
    times = [tx.now - timedelta(weeks=back) for back in reversed(range(_WEEKS))]
    sums = []
    for one in totals:
        points = books_views.course(tx, one.outstanding.currency, times)
        owed = course([float(point.owed.minor) for point in points])
        sums.append((one, ageing_bar(one), owed, points[0].at))
    return {
        "rows": found[:PER_PAGE],
        "totals": sums,
        "state": wanted,
        "states": INVOICE_FILTERS,
        "currency": currency,
        "currencies": [one.outstanding.currency for one in totals],
        **turning(asked, len(found), state=wanted, currency=currency),
    }
