"""Stripe's test cards: which succeed, which fail, and how."""

from dataclasses import dataclass

from tricord.sandbox.stripe.account import Account
from tricord.sandbox.stripe.errors import bad_parameter
from tricord.sandbox.stripe.kinds import Json


@dataclass(frozen=True, slots=True)
class Card:
    """`code` and `decline_code` say how a charge fails; `after` names what follows success."""

    name: str
    number: str
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    message: str = "Your card was declined."
    after: str | None = None

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declined(name: str, number: str, decline_code: str, message: str = "") -> Card:
    told = message or "Your card was declined."
    return Card(name, number, code="card_declined", decline_code=decline_code, message=told)


_CARDS = (
    Card("pm_card_visa", "4242424242424242"),
    Card("pm_card_visa_debit", "4000056655665556"),
    Card("pm_card_mastercard", "5555555555554444", "mastercard"),
    Card("pm_card_amex", "378282246310005", "amex"),
    _declined("pm_card_chargeDeclined", "4000000000000002", "generic_decline"),
    _declined(
        "pm_card_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    _declined("pm_card_chargeDeclinedLostCard", "4000000000009987", "lost_card"),
    _declined("pm_card_chargeDeclinedStolenCard", "4000000000009979", "stolen_card"),
    _declined("pm_card_chargeCustomerFail", "4000000000000341", "generic_decline"),
    Card(
        "pm_card_chargeDeclinedExpiredCard",
        "4000000000000069",
        code="expired_card",
        message="Your card has expired.",
    ),
    Card(
        "pm_card_chargeDeclinedIncorrectCvc",
        "4000000000000127",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    Card(
        "pm_card_chargeDeclinedProcessingError",
        "4000000000000119",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    Card("pm_card_createDispute", "4000000000000259", after="dispute"),
    Card("pm_card_pendingRefund", "4000000000007726", after="pending_refund"),
    Card("pm_card_authenticationRequired", "4000002760003184", after="authentication"),
)


def by_name(name: str) -> Card | None:
    return next((card for card in _CARDS if card.name == name), None)


def by_number(number: str) -> Card:
    digits = number.replace(" ", "")
    for card in _CARDS:
        if card.number == digits:
            return card
    raise bad_parameter("Your card number is incorrect.", "card[number]", "incorrect_number")


def card_of(method: Json) -> Card:
    """The test card behind a stored payment method."""
    return next(c for c in _CARDS if c.last4 == method["card"]["last4"])


def use(account: Account, method_id: str) -> Json:
    """The payment method named; a test name like `pm_card_visa` makes a fresh one each time."""
    card = by_name(method_id)
    if card is None:
        return account.get("payment_method", method_id, param="payment_method")
    return new_method(account, card)


def new_method(account: Account, card: Card) -> Json:
    year = account.settings.clock().year + 4
    return account.add(
        {
            "id": account.new_id("payment_method"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": dict.fromkeys(
                    ("city", "country", "line1", "line2", "postal_code", "state")
                ),
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": 12,
                "exp_year": year,
                "fingerprint": account.mint.token(16),
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": account.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
        }
    )
