"""All of Stripe's customers, invoices and what moved money back, page by page, newest first.

Stripe counts nothing, so a walk to the end is its own count. What is made meanwhile stands before
the first page: the events since the start of the walk bring it.
"""

from collections.abc import Callable, Generator

from tricord.connectors.stripe.read import (
    credit_note,
    customer,
    dispute,
    invoice,
    invoice_payment,
    refund,
    rows_of,
)
from tricord.core.ids import ConnectionName, ExternalId, Instant, Kind, Ref
from tricord.core.records import Record
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.paging import Page, Paging, Unread, read_rows
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Response, Wire, get

_PAGE = ("limit", "100")

Make = Callable[[ConnectionName, Reader, Instant], Record]


def invoice_pages(access: Access, cursor: str, now: Instant) -> Paging:
    """Each invoice with the payments on it."""
    answer = yield from _list("/v1/invoices", cursor, [("expand[]", "data.payments")])
    rows = list(answer.children("data"))
    records: list[Record] = []
    unread: list[Unread] = []
    for row in rows:
        ref = _ref(access, Kind.INVOICE, row)
        try:
            payments = yield from rows_of(
                row.child_or_empty("payments"),
                "/v1/invoice_payments",
                [("invoice", ref.external_id)],
            )
            paid = [invoice_payment(access.connection, one, now) for one in payments]
            records.append(invoice(access.connection, row, now))
            records.extend(one for one in paid if one is not None)
        except PayloadMalformed as error:
            unread.append(Unread(ref=ref, problem=error.detail))
    return Page(
        cursor=_after(rows, cursor),
        more=bool(rows) and answer.flag_or("has_more"),
        records=tuple(records),
        unread=tuple(unread),
    )


def _pages(path: str, kind: Kind, make: Make) -> Callable[[Access, str, Instant], Paging]:
    def pages(access: Access, cursor: str, now: Instant) -> Paging:
        answer = yield from _list(path, cursor)
        rows = list(answer.children("data"))
        records, unread = read_rows(
            rows,
            lambda row: _ref(access, kind, row),
            lambda row: make(access.connection, row, now),
        )
        return Page(
            cursor=_after(rows, cursor),
            more=bool(rows) and answer.flag_or("has_more"),
            records=records,
            unread=unread,
        )

    return pages


customer_pages = _pages("/v1/customers", Kind.CUSTOMER, customer)
refund_pages = _pages("/v1/refunds", Kind.REFUND, refund)
dispute_pages = _pages("/v1/disputes", Kind.DISPUTE, dispute)
credit_note_pages = _pages("/v1/credit_notes", Kind.CREDIT_NOTE, credit_note)


def _list(
    path: str, cursor: str, query: list[tuple[str, str]] | None = None
) -> Generator[Wire, Response, Reader]:
    """The page after the cursor, which is the last row's id and the second it was made in."""
    wanted = [_PAGE, *(query or [])]
    if not cursor:
        return (yield get(path, wanted)).read
    last, _, made = cursor.partition(" ")
    answer = yield get(path, [*wanted, ("starting_after", last)], expected=(200, 400))
    if answer.status == 400:
        # The object that the last page ended with was deleted since: go on from its time.
        answer = yield get(path, [*wanted, ("created[lte]", made)])
    return answer.read


def _after(rows: list[Reader], cursor: str) -> str:
    return f"{rows[-1].text('id')} {rows[-1].integer_or('created')}" if rows else cursor


def _ref(access: Access, kind: Kind, row: Reader) -> Ref:
    return Ref(access.connection, kind, ExternalId(row.text("id")))
