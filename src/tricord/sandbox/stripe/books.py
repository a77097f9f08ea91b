"""Stripe's books: what was created under which business key and which idempotency key."""

from collections.abc import Iterator

from tricord.sandbox.ledger import Entry, entries
from tricord.sandbox.stripe.account import Account

MARK = "_key"
"""Metadata whose name ends like this holds a caller's business key: `tricord_key`, `order_key`.

A customer is one of a kind in all its metadata: each says whose it is.
"""


def ledger_of(account: Account) -> list[Entry]:
    return [*entries(_by_metadata(account)), *entries(_by_idempotency_key(account))]


def _by_metadata(account: Account) -> Iterator[tuple[str, str, str, str]]:
    for kind, objects in account.tables.items():
        for one in objects.values():
            for name, value in (one.get("metadata") or {}).items():
                if name.endswith(MARK) or kind == "customer":
                    yield kind, value, f"metadata.{name}", one["id"]


def _by_idempotency_key(account: Account) -> Iterator[tuple[str, str, str, str]]:
    for kind, key, object_id in account.made_under:
        yield kind, key, "idempotency_key", object_id
