"""Stripe's minor units where they differ from ISO 4217, and a record's money in them.

ISK and UGX have no minor unit by ISO but are sent as if they had two places; amounts in
three-place currencies must end in 0. Source: docs.stripe.com/currencies.
"""

from tricord.core.money import Money, exponent
from tricord.sdk.errors import PayloadMalformed, Refused
from tricord.sdk.reader import Reader

_SENT_WITH_TWO_PLACES = ("ISK", "UGX")


def to_stripe(money: Money) -> int:
    """Minor units as Stripe takes them. Raises Refused for an amount it cannot hold."""
    if money.currency in _SENT_WITH_TWO_PLACES:
        return money.minor * 100
    if exponent(money.currency) == 3 and money.minor % 10:
        raise Refused(f"Stripe takes {money.currency} in steps of 0.01, not {money}")
    return money.minor


def money_at(found: Reader, name: str, currency: str = "currency") -> Money:
    """The amount `name` of an object that names its currency. A missing amount is malformed."""
    money = found.minor_money(name, currency)
    if money.currency in _SENT_WITH_TWO_PLACES:
        if money.minor % 100:
            raise PayloadMalformed(f"{found.path}.{name}: {money.currency} with a fraction")
        return Money(money.minor // 100, money.currency)
    return money


def money_or_zero(found: Reader, name: str, currency: str = "currency") -> Money:
    if found.has(name):
        return money_at(found, name, currency)
    return Money.zero(found.text(currency).upper())
