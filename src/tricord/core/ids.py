"""Names of things: what a record, an account and a connection are called, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

AccountId = NewType("AccountId", str)
ConnectionName = NewType("ConnectionName", str)
ExternalId = NewType("ExternalId", str)
Instant = datetime
"""An aware datetime. Comparisons are made in UTC; only dates for people use the firm's zone."""


class Kind(StrEnum):
    """What a record is."""

    COMPANY = "company"
    CONTACT = "contact"
    DEAL = "deal"
    CUSTOMER = "customer"
    INVOICE = "invoice"
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    CREDIT_NOTE = "credit_note"
    MESSAGE = "message"
    CALL = "call"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One record at one connection: `hubspot:deal:42`. The id may itself hold colons."""

    connection: ConnectionName
    kind: Kind
    external_id: ExternalId

    def __str__(self) -> str:
        return f"{self.connection}:{self.kind}:{self.external_id}"

    @staticmethod
    def parse(text: str) -> "Ref":
        connection, kind, external_id = text.split(":", 2)
        return Ref(ConnectionName(connection), Kind(kind), ExternalId(external_id))
