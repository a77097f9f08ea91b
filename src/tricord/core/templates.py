"""The words of the messages that follow a payment: plain text, one function per template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tricord.core.ledger import Standing
from tricord.core.policy.types import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    subject: str
    body: str


def receipt(owed: Standing, name: str, policy: Policy) -> Text:
    number = owed.invoice.number or "your invoice"
    return Text(
        subject=f"Receipt for {number}",
        body=(
            f"Hello {name},\n\n"
            f"we have received your payment of {owed.received} for {number}. "
            f"Nothing is left to pay on it.\n\n"
            f"{policy.firm.name}\n"
        ),
    )


def thank_you(owed: Standing, name: str, policy: Policy) -> Text:
    return Text(
        subject=f"Thank you from {policy.firm.name}",
        body=(
            f"Hello {name},\n\n"
            f"thank you for your prompt payment. It is a pleasure to work with you; "
            f"if there is anything we can do, just reply to this message.\n\n"
            f"{policy.firm.name}\n"
        ),
    )


Template = Callable[[Standing, str, Policy], Text]

AFTER_PAYMENT: Mapping[str, Template] = {"receipt": receipt, "thank-you": thank_you}

CONTENT_CLASS: Mapping[str, str] = {"receipt": "payment", "thank-you": "thank-you"}
"""What kind of content a template carries, for rules about what may be logged."""
