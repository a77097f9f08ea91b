"""What is known of all records, held in memory: for tests of the way home alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core import building as make
from tricord.core.identity import Ground, Known, account_id, traces_of
from tricord.core.ids import AccountId, Kind, Ref
from tricord.core.records import Deal, Record

GROUND = Ground(crm=make.CRM, country="US")
_CLIENTS = (Kind.COMPANY, Kind.CONTACT, Kind.CUSTOMER)


@dataclass(frozen=True)
class World(Known):
    records: Mapping[Ref, Record] = field(default_factory=dict)
    choices: Mapping[Ref, AccountId] = field(default_factory=dict)
    merges: Mapping[AccountId, AccountId] = field(default_factory=dict)

    def record(self, ref: Ref) -> Record | None:
        return self.records.get(ref)

    def chosen(self, ref: Ref) -> AccountId | None:
        return self.choices.get(ref)

    def merged(self, account: AccountId) -> AccountId | None:
        return self.merges.get(account)

    def root(self, account: AccountId) -> Ref | None:
        return next((ref for ref in sorted(self.records) if account_id(ref) == account), None)

    def deal_naming(self, contact: Ref) -> Ref | None:
        named = [
            ref
            for ref, deal in self.records.items()
            if isinstance(deal, Deal) and deal.company and not deal.gone
            if contact in deal.contacts
        ]
        return min(named, default=None)

    def messages(self, message_id: str) -> tuple[Ref, ...]:
        return self._with("message", message_id, (Kind.MESSAGE,))

    def found(self, trace: str, value: str) -> tuple[Ref, ...]:
        return self._with(trace, value, _CLIENTS)

    def _with(self, trace: str, value: str, kinds: tuple[Kind, ...]) -> tuple[Ref, ...]:
        return tuple(
            ref
            for ref in sorted(self.records)
            if ref.kind in kinds and getattr(traces_of(self.records[ref], GROUND), trace) == value
        )


def world(
    *records: Record,
    choices: Mapping[Ref, AccountId] | None = None,
    merges: Mapping[AccountId, AccountId] | None = None,
) -> World:
    held = {record.ref: record for record in records}
    return World(records=held, choices=choices or {}, merges=merges or {})
