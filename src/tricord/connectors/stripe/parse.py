"""Stripe's events, snapshot and thin: each a hint. Stripe promises no order and no version, so
what an event holds is never applied; the object is read again."""

from collections.abc import Sequence

from tricord.core.delivery import Delivery
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Record
from tricord.sdk.connector import Access
from tricord.sdk.errors import PayloadMalformed
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Hint

_KIND_OF = {
    "customer": Kind.CUSTOMER,
    "invoice": Kind.INVOICE,
    "refund": Kind.REFUND,
    "dispute": Kind.DISPUTE,
    "credit_note": Kind.CREDIT_NOTE,
}


def delivery_id(delivery: Delivery) -> str:
    """The event's id: a webhook, its repeats and the same event found by a poll share it."""
    return Reader.of(delivery.body).text("id")


def parse(access: Access, delivery: Delivery) -> Sequence[Record | Hint]:
    event = Reader.of(delivery.body)
    match event.text("object"):
        case "event":
            if event.text("type") == "invoice.upcoming":
                return []  # announces an invoice that does not exist yet and has no id
            return _of_snapshot(access, event.child("data").child("object"))
        case "v2.core.event":
            if not event.has("related_object"):
                return []
            thing = event.child("related_object")
            return _of(access, thing.text("type"), thing.text("id"))
        case _:
            raise PayloadMalformed("$.object: not an event")


def _of_snapshot(access: Access, thing: Reader) -> Sequence[Hint]:
    kind = thing.text("object")
    if kind == "invoice_payment":
        return _of(access, "invoice", thing.text("invoice"))
    if kind not in _KIND_OF:
        return []  # a balance, for one, has no id
    found = _of(access, kind, thing.text("id"))
    if kind == "credit_note":
        # A credit note changes what is left to pay, so its invoice is looked at as well.
        return [*found, *_of(access, "invoice", thing.text("invoice"))]
    return found


def _of(access: Access, type_name: str, external_id: str) -> list[Hint]:
    kind = _KIND_OF.get(type_name)
    if kind is None:
        return []
    return [Hint(ref=Ref(access.connection, kind, ExternalId(external_id)))]
