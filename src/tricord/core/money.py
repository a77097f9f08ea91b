"""Money: integer minor units and a currency. No float ever comes near it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import total_ordering

# ISO 4217 minor units where they are not two.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
         "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
_MOST_DIGITS = 30
_CURRENCY = re.compile(r"[A-Z]{3}")


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


def exponent(currency: str) -> int:
    """Decimal places of the currency's minor unit by ISO 4217: 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor unit (cents for USD). Negative amounts are debts.

    Raises ValueError for a currency that is not three capital letters, and CurrencyMismatch when
    currencies mix. Zero of one currency is not zero of another.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"currency must be three capital letters, not {self.currency!r}")
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"money is an integer of minor units, not {type(self.minor).__name__}")

    @staticmethod
    def zero(currency: str) -> "Money":
        return Money(0, currency)

    @staticmethod
    def of(amount: str | Decimal, currency: str) -> "Money":
        """From a decimal text or number in major units, such as "1500.50" or Decimal("0.5").

        Raises ValueError when it is not a plain number or has more places than the currency.
        """
        try:
            scaled = Decimal(amount).scaleb(exponent(currency))
        except ArithmeticError:
            raise ValueError(f"not an amount of money: {amount!r}") from None
        if not scaled.is_finite() or scaled.adjusted() > _MOST_DIGITS:
            raise ValueError(f"not an amount of money: {amount!r}")
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more decimal places than {currency} has")
        return Money(int(scaled), currency)

    @staticmethod
    def parse(text: str) -> "Money":
        """From "25000 USD" or "12.50 EUR": major units, a space, the currency code."""
        amount, _, currency = text.strip().partition(" ")
        if not currency:
            raise ValueError(f'write money as "25000 USD", not {text!r}')
        return Money.of(amount, currency.strip())

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, part: Fraction) -> "Money":
        """`part` of this amount, rounded half away from zero to the minor unit."""
        exact = Decimal(self.minor * part.numerator) / Decimal(part.denominator)
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), self.currency)

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by weights so that the parts sum exactly to the whole (largest remainder)."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be zero or more, and not all zero")
        floors = [self.minor * weight // total for weight in weights]
        order = sorted(range(len(weights)), key=lambda i: (-(self.minor * weights[i] % total), i))
        for place in order[: self.minor - sum(floors)]:
            floors[place] += 1
        return [Money(minor, self.currency) for minor in floors]

    @property
    def plain(self) -> str:
        """The amount alone in major units, as vendors take it: "1500.50"."""
        return f"{Decimal(self.minor).scaleb(-exponent(self.currency)):f}"

    def __str__(self) -> str:
        """For people: "1,500.50 USD"."""
        amount = Decimal(self.minor).scaleb(-exponent(self.currency))
        return f"{amount:,f} {self.currency}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum; zero of `currency` when there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result
