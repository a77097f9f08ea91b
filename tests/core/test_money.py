"""Money: exact, of one currency at a time. T16 is proved against rational numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricord.core.money import CurrencyMismatch, Money, total

currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD"])
amounts = st.integers(-(10**12), 10**12)


@given(amounts, st.fractions(0, 1))
def test_t16_a_share_is_never_further_than_half_a_cent_from_the_exact_value(
    minor: int, part: Fraction
) -> None:
    exact = Fraction(minor) * part
    assert abs(Fraction(Money(minor, "USD").share(part).minor) - exact) <= Fraction(1, 2)


@given(amounts, currencies, st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(sum))
def test_t16_parts_sum_to_the_whole_and_each_is_within_a_cent_of_its_weight(
    minor: int, currency: str, weights: list[int]
) -> None:
    parts = Money(minor, currency).allocate(weights)
    assert total(parts, currency) == Money(minor, currency)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


@given(amounts, currencies)
def test_an_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.plain, currency) == money
    assert Money.parse(f"{money.plain} {currency}") == money


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1500.50", "USD", 150050),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("-3", "EUR", -300),
    ],
)
def test_an_amount_is_read_in_the_currencys_own_unit(text: str, currency: str, minor: int) -> None:
    assert Money.of(text, currency).minor == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.5", "JPY"), ("0.001", "USD"), ("ten", "USD"), ("NaN", "USD"), ("Infinity", "USD"),
     ("", "USD"), ("1e999999999", "USD"), ("1", "usd"), ("1", "US")],
)  # fmt: skip
def test_what_is_no_amount_of_that_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Money.of(text, currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "USD") < Money(1, "EUR")
    assert Money(0, "USD") != Money(0, "EUR")


def test_a_float_or_a_truth_value_is_no_money() -> None:
    for wrong in (1.5, True, "1"):
        with pytest.raises(TypeError):
            Money(wrong, "USD")  # type: ignore[arg-type]  # the point of the test


def test_people_read_thousands_and_the_code() -> None:
    assert str(Money(1234567, "USD")) == "12,345.67 USD"
    assert str(Money(1234567, "JPY")) == "1,234,567 JPY"
