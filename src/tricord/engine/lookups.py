"""Lookups: what identity asks about other records, answered from the store and remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    """Good for as long as the facts stay the same: one look, or one word of a person.

    `latest` is a record as it will be once this look at it is saved.
    """

    tx: Tx
    ground: Ground
    latest: Record | None = None
    _records: dict[Ref, Record | None] = field(default_factory=dict)
    _chosen: dict[Ref, AccountId | None] = field(default_factory=dict)
    _merged: dict[AccountId, AccountId | None] = field(default_factory=dict)
    _roots: dict[AccountId, Ref | None] = field(default_factory=dict)
    _sharing: dict[tuple[str, str], tuple[Ref, ...]] = field(default_factory=dict)

    def record(self, ref: Ref) -> Record | None:
        if self.latest is not None and ref == self.latest.ref:
            return self.latest
        if ref not in self._records:
            found = mirror.known(self.tx, ref)
            self._records[ref] = found[1] if found else None
        return self._records[ref]

    def chosen(self, ref: Ref) -> AccountId | None:
        if ref not in self._chosen:
            self._chosen[ref] = links.chosen(self.tx, ref)
        return self._chosen[ref]

    def merged(self, account: AccountId) -> AccountId | None:
        if account not in self._merged:
            self._merged[account] = links.merged(self.tx, account)
        return self._merged[account]

    def root(self, account: AccountId) -> Ref | None:
        if self.latest is not None and account == account_id(self.latest.ref):
            return self.latest.ref
        if account not in self._roots:
            self._roots[account] = mirror.root_of(self.tx, account)
        return self._roots[account]

    def deal_naming(self, contact: Ref) -> Ref | None:
        return mirror.deal_naming(self.tx, contact)

    def messages(self, message_id: str) -> tuple[Ref, ...]:
        return self._found("message", message_id, (Kind.MESSAGE,))

    def found(self, trace: str, value: str) -> tuple[Ref, ...]:
        return self._found(trace, value, _CLIENTS)

    def _found(self, trace: str, value: str, kinds: Sequence[Kind]) -> tuple[Ref, ...]:
        asked = (trace, value)
        if asked not in self._sharing:
            refs = mirror.found_by(self.tx, trace, value, kinds, TOO_COMMON + 2)
            if self.latest is not None and self.latest.ref.kind in kinds:
                here = self.latest.ref
                fits = getattr(traces_of(self.latest, self.ground), trace) == value
                refs = sorted([ref for ref in refs if ref != here] + ([here] if fits else []))
            self._sharing[asked] = tuple(refs) if len(refs) <= TOO_COMMON else ()
        return self._sharing[asked]
