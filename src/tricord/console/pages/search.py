"""Search: one box for accounts, invoices, deals, commands, deliveries and cases."""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.console.directory import Directory
from tricord.store.account_views import names_of
from tricord.store.database import Tx
from tricord.store.search_views import Hit

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One result as a person sees it, and the page it leads to."""

    kind: str
    title: str
    detail: str
    path: str


def search(tx: Tx, directory: Directory, wanted: str) -> tuple[Found, ...]:
    hits = directory.search(tx, wanted)[:_MOST] if wanted else []
    names = _names(tx, directory, hits)
    return tuple(_found(hit, names) for hit in hits)


def _names(tx: Tx, directory: Directory, hits: Sequence[Hit]) -> dict[str, str]:
    unknown = [hit.account for hit in hits if hit.account and hit.account not in directory.accounts]
    return {**directory.accounts, **names_of(tx, unknown)} if unknown else directory.accounts


def _found(hit: Hit, names: dict[str, str]) -> Found:
    name = names.get(hit.account, "")
    match hit.kind:
        case "account":
            return Found(kind="account", title=hit.label or name or hit.id, detail=hit.id,
                         path=f"/accounts/{hit.id}")  # fmt: skip
        case "command" | "case":
            return Found(kind=hit.kind, title=hit.label, detail=name, path=f"/{hit.kind}s/{hit.id}")
        case "delivery":
            return Found(kind="delivery", title=hit.label, detail=f"number {hit.id}",
                         path=f"/deliveries/{hit.id}")  # fmt: skip
        case _:
            return Found(kind=hit.kind, title=hit.label or hit.id, detail=name,
                         path=f"/accounts/{hit.account}")  # fmt: skip
