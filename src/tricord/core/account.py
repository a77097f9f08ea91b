"""The account: one client and everything of theirs at all three systems, as far as we know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tricord.core.commands import CreateInvoice, Effect, EffectState, UpdateRecord
from tricord.core.ids import AccountId, Ref
from tricord.core.records import (
    Call,
    Company,
    Contact,
    CreditNote,
    Customer,
    Deal,
    Dispute,
    Invoice,
    Message,
    Payment,
    Record,
    Refund,
    join,
)

_R = TypeVar("_R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`records` is what vendors say; `effects` is what we have asked for, by business key.

    Both are treated as values and never changed in place. Every accessor answers in the order of
    refs or keys, so what is made from an account does not depend on the order of arrival.
    """

    id: AccountId
    records: Mapping[Ref, Record] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)

    def with_record(self, record: Record) -> "Account":
        known = self.records.get(record.ref)
        kept = record if known is None else join(known, record)
        return replace(self, records={**self.records, record.ref: kept})

    def with_effect(self, effect: Effect) -> "Account":
        return replace(self, effects={**self.effects, effect.command.key: effect})

    def _all(self, kind: type[_R]) -> tuple[_R, ...]:
        found = [record for record in self.records.values() if isinstance(record, kind)]
        return tuple(sorted((r for r in found if not r.gone), key=lambda record: record.ref))

    @property
    def companies(self) -> tuple[Company, ...]:
        return self._all(Company)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        return self._all(Contact)

    @property
    def deals(self) -> tuple[Deal, ...]:
        return self._all(Deal)

    @property
    def customers(self) -> tuple[Customer, ...]:
        return self._all(Customer)

    @property
    def invoices(self) -> tuple[Invoice, ...]:
        return self._all(Invoice)

    @property
    def payments(self) -> tuple[Payment, ...]:
        return self._all(Payment)

    @property
    def refunds(self) -> tuple[Refund, ...]:
        return self._all(Refund)

    @property
    def disputes(self) -> tuple[Dispute, ...]:
        return self._all(Dispute)

    @property
    def credit_notes(self) -> tuple[CreditNote, ...]:
        return self._all(CreditNote)

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._all(Message)

    @property
    def calls(self) -> tuple[Call, ...]:
        return self._all(Call)

    @property
    def name(self) -> str:
        """What people call the client: the company, else a person, else the billing name."""
        names = [company.name for company in self.companies]
        names += [contact.name for contact in self.contacts]
        names += [customer.name for customer in self.customers]
        names += [deal.name for deal in self.deals]
        return next((name for name in names if name), "(no name yet)")

    def invoice_effects(self, deal: Ref) -> tuple[Effect, ...]:
        """Every invoice we have asked for on this deal that was not refused, by key."""
        return tuple(
            effect
            for _, effect in sorted(self.effects.items())
            if isinstance(effect.command, CreateInvoice)
            and effect.command.deal == deal
            and effect.state not in (EffectState.REFUSED, EffectState.SKIPPED, EffectState.GIVEN_UP)
        )

    def writes_to(self, target: Ref) -> tuple[Effect, ...]:
        """Every write-back to `target`, oldest first. Refused ones count: their key is used."""
        found = [
            effect
            for effect in self.effects.values()
            if isinstance(effect.command, UpdateRecord)
            and effect.command.target == target
            and effect.command.key.startswith("write_back/")
            and effect.state is not EffectState.SKIPPED
        ]
        return tuple(sorted(found, key=lambda effect: int(effect.command.key.rsplit("/", 1)[1])))

    def invoice_of(self, key: str) -> Invoice | None:
        """The invoice that carries this business key, if the billing engine has shown it."""
        return next((invoice for invoice in self.invoices if invoice.key == key), None)

    def addressee(self, deal: Deal | None) -> Contact | None:
        """The person bills and receipts go to: a contact of the deal with an address, else any."""
        wanted = deal.contacts if deal else ()
        named = [c for ref in wanted for c in self.contacts if c.ref == ref and c.email]
        return next((c for c in (*named, *self.contacts) if c.email), None)
