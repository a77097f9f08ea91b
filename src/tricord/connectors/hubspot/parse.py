"""HubSpot's webhooks: batches of thin events, each a hint that a record changed."""

import hashlib
from collections.abc import Sequence

from tricord.connectors.hubspot.paths import KIND_OF_TYPE
from tricord.core.delivery import Delivery
from tricord.core.ids import ExternalId, Kind, Ref
from tricord.core.records import Record
from tricord.sdk.connector import Access
from tricord.sdk.reader import Reader
from tricord.sdk.talk import Hint


def delivery_id(delivery: Delivery) -> str:
    """HubSpot does not promise unique event ids: a copy of a batch is one with the same bytes."""
    return hashlib.sha256(delivery.body).hexdigest()


def parse(access: Access, delivery: Delivery) -> Sequence[Record | Hint]:
    found: dict[Ref, Hint] = {}
    for event in Reader.each(delivery.body):
        for hint in _hints(access, event):
            # Two news of one record make one read; which property changed no longer matters then.
            known = found.get(hint.ref)
            found[hint.ref] = hint if known in (None, hint) else Hint(ref=hint.ref)
    return tuple(found.values())


def _hints(access: Access, event: Reader) -> list[Hint]:
    what, _, happened = event.text("subscriptionType").partition(".")
    if what == "object":
        what = event.text_or("objectTypeId")
    kind = KIND_OF_TYPE.get(what)
    if happened == "associationChange":
        return _of_association(access, event)
    if kind is None:
        return []
    if happened == "merge":
        ids = [event.id(n) for n in ("primaryObjectId", "newObjectId") if event.has(n)]
        ids += event.ids("mergedObjectIds")
        return [_hint(access, kind, one) for one in dict.fromkeys(ids or [event.id("objectId")])]
    name = event.text_or("propertyName")
    change = (name, event.text_or("propertyValue")) if name else None
    return [_hint(access, kind, event.id("objectId"), change)]


def _of_association(access: Access, event: Reader) -> list[Hint]:
    """`associationType` reads DEAL_TO_COMPANY; both ends may have to be read again.

    One with an end that nobody reads here, a note of ours say, is no news of the other end.
    """
    first, _, second = event.text_or("associationType").lower().partition("_to_")
    ends = ((first, "fromObjectId"), (second.removesuffix("_unlabeled"), "toObjectId"))
    if any(what not in KIND_OF_TYPE for what, _ in ends):
        return []
    return [
        _hint(access, KIND_OF_TYPE[what], event.id(name)) for what, name in ends if event.has(name)
    ]


def _hint(
    access: Access, kind: Kind, external_id: str, change: tuple[str, str] | None = None
) -> Hint:
    return Hint(ref=Ref(access.connection, kind, ExternalId(external_id)), change=change)
