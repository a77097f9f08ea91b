"""Lookups: what identity asks about other records, answered from the store in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from tricord.core.identity import Ground, Known, account_id, traces_of
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.records import Record
from tricord.store import links, mirror
from tricord.store.database import Tx

_CLIENTS = (Kind.COMPANY, Kind.CONTACT, Kind.CUSTOMER)
TOO_COMMON = 50
"""An address or number with more records than this is nobody's in particular."""


@dataclass(slots=True)
class Lookups(Known):
    """`latest` is a record as it will be once this look at it is saved."""

    tx: Tx
    ground: Ground
    latest: Record | None = None

    def record(self, ref: Ref) -> Record | None:
        if self.latest is not None and ref == self.latest.ref:
            return self.latest
        found = mirror.known(self.tx, ref)
        return found[1] if found else None

    def chosen(self, ref: Ref) -> AccountId | None:
        return links.chosen(self.tx, ref)

    def merged(self, account: AccountId) -> AccountId | None:
        return links.merged(self.tx, account)

    def root(self, account: AccountId) -> Ref | None:
        if self.latest is not None and account == account_id(self.latest.ref):
            return self.latest.ref
        return mirror.root_of(self.tx, account)

    def deal_naming(self, contact: Ref) -> Ref | None:
        return mirror.deal_naming(self.tx, contact)

    def messages(self, message_id: str) -> tuple[Ref, ...]:
        return self._found("message", message_id, (Kind.MESSAGE,))

    def found(self, trace: str, value: str) -> tuple[Ref, ...]:
        return self._found(trace, value, _CLIENTS)

    def _found(self, trace: str, value: str, kinds: Sequence[Kind]) -> tuple[Ref, ...]:
        refs = mirror.found_by(self.tx, trace, value, kinds, TOO_COMMON + 2)
        if self.latest is not None and self.latest.ref.kind in kinds:
            here = self.latest.ref
            fits = getattr(traces_of(self.latest, self.ground), trace) == value
            refs = sorted([ref for ref in refs if ref != here] + ([here] if fits else []))
        return tuple(refs) if len(refs) <= TOO_COMMON else ()
