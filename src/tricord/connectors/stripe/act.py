"""Writing to Stripe. Class A: every POST carries an Idempotency-Key made from the business key.

Stripe keeps a key for 24 hours, so a repeated command looks for its own mark first, in lists that
are consistent at once; search is not, and never guards against a duplicate.
"""

from collections.abc import Callable, Generator, Sequence

from tricord.connectors.stripe.amounts import to_stripe
from tricord.connectors.stripe.read import customer, invoice, rows_of
from tricord.core.commands import CreateCustomer, CreateInvoice
from tricord.core.records import InvoiceStatus
from tricord.sdk.connector import Access, Work
from tricord.sdk.errors import Refused
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Done, Response, Talk, Wire, get, post_form, segment

_PAGES = 20

Search = Generator[Wire, Response, Reader | None]


def create_customer(access: Access, command: CreateCustomer, work: Work) -> Talk:
    """Finds the client by our mark or by e-mail before making a new one.

    The list minds the case of an address and is never late; the search does neither, so it is
    asked for those who are written otherwise, and is not relied on.
    """
    listed = yield get("/v1/customers", [("email", command.email), ("limit", "100")])
    ours, free = _fitting(listed.read, command)
    if not ours and not free:
        quoted = command.email.replace("\\", "\\\\").replace('"', '\\"')
        query = [("query", f'email:"{quoted}"'), ("limit", "100")]
        found = yield get("/v1/customers/search", query, expected=(200, 400, 404))
        if found.status == 200:
            ours, free = _fitting(found.read, command)
    if not ours and len(free) > 1:
        raise Refused(
            f"{len(free)} customers at Stripe have this client's e-mail address; write "
            f"tricord_account = {command.account} into the metadata of the right one and retry"
        )
    mark = ("metadata[tricord_account]", command.account)
    if ours:
        known = ours[0]
    elif free:
        path = f"/v1/customers/{segment(free[0].text('id'))}"
        answer = yield post_form(path, [mark], key=f"{work.key}/adopt")
        known = answer.read
    else:
        pairs = [("name", command.name), ("email", command.email), ("phone", command.phone), mark]
        filled = [(name, value) for name, value in pairs if value]
        answer = yield post_form("/v1/customers", filled, key=work.key)
        known = answer.read
    seen = customer(access.connection, known, work.at)
    return Done(remote=seen.ref, seen=(seen,))


def _fitting(listed: Reader, command: CreateCustomer) -> tuple[list[Reader], list[Reader]]:
    """Of those with this address: who carries our mark for the account, and who carries none."""
    rows = [
        row
        for row in listed.children("data")
        if not row.flag_or("deleted")
        and row.text_or("email").strip().lower() == command.email.strip().lower()
    ]
    ours = [row for row in rows if _mark(row, "tricord_account") == command.account]
    return ours, [row for row in rows if not _mark(row, "tricord_account")]


def create_invoice(access: Access, command: CreateInvoice, work: Work) -> Talk:
    """Draft, lines, finalize, send. A draft left behind by an earlier attempt is finished."""
    amounts = {line.id: str(to_stripe(line.amount)) for line in command.lines}
    found = (yield from _find(command)) if work.again else None
    if found is None:
        answer = yield post_form("/v1/invoices", _draft(command), key=f"{work.key}/draft")
        found = answer.read
    name = found.text("id")
    path = f"/v1/invoices/{segment(name)}"
    if found.text("status") == InvoiceStatus.DRAFT:
        lines = yield from rows_of(found.child("lines"), f"{path}/lines")
        present = {_mark(row, "tricord_line") for row in lines}
        for line in command.lines:
            if line.id not in present:
                pairs = [
                    ("customer", command.customer.external_id),
                    ("invoice", name),
                    ("amount", amounts[line.id]),
                    ("currency", line.amount.currency.lower()),
                    ("description", line.description),
                    ("metadata[tricord_line]", line.id),
                ]
                yield post_form("/v1/invoiceitems", pairs, key=f"{work.key}/line/{line.id}")
        yield post_form(f"{path}/finalize", _CALM, key=f"{work.key}/finalize")
        sent = False
    else:
        sent = yield from _was_sent(found)
    if not sent:
        answer = yield post_form(f"{path}/send", (), key=f"{work.key}/send")
        found = answer.read
    seen = invoice(access.connection, found, work.at)
    return Done(remote=seen.ref, seen=(seen,))


_CALM = (("auto_advance", "false"),)
"""Tricord decides about reminders and collection; Stripe's own automation stays off."""


def _draft(command: CreateInvoice) -> Sequence[tuple[str, str]]:
    return (
        ("customer", command.customer.external_id),
        ("collection_method", "send_invoice"),
        ("days_until_due", str(command.days_until_due)),
        ("currency", command.total.currency.lower()),
        ("description", command.memo),
        *_CALM,
        ("metadata[tricord_key]", command.key),
        ("metadata[tricord_account]", command.account),
        ("metadata[tricord_deal]", str(command.deal)),
        ("metadata[tricord_rule]", command.because.rule),
        ("metadata[tricord_policy]", command.because.policy),
    )


def _find(command: CreateInvoice) -> Search:
    """The invoice that carries our key, among the customer's own: that list has no lag."""
    query = [("customer", command.customer.external_id)]
    return _first("/v1/invoices", query, lambda row: _mark(row, "tricord_key") == command.key)


def _was_sent(found: Reader) -> Generator[Wire, Response, bool]:
    """Whether the client has it already; Stripe tells that by an event alone."""
    name = found.text("id")
    query = [("type", "invoice.sent"), ("created[gte]", str(found.integer("created")))]
    event = yield from _first(
        "/v1/events", query, lambda row: row.child("data").child("object").text_or("id") == name
    )
    return event is not None


def _first(path: str, query: Sequence[tuple[str, str]], wanted: Callable[[Reader], bool]) -> Search:
    """The first row that is wanted, on whichever page it stands."""
    last: list[tuple[str, str]] = []
    for _ in range(_PAGES):
        page = (yield get(path, [*query, ("limit", "100"), *last])).read
        rows = list(page.children("data"))
        for row in rows:
            if wanted(row):
                return row
        if not rows or not page.flag_or("has_more"):
            return None
        last = [("starting_after", rows[-1].text("id"))]
    raise Refused(f"there is too much at {path} to look for ours in it; look by hand, then retry")


def _mark(row: Reader, name: str) -> str:
    return row.child_or_empty("metadata").text_or(name)
