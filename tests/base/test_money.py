"""Money: exact, in the currency's own exponent, or refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.base.money import (
    AMOUNT_MAX,
    CURRENCIES,
    InvalidAmount,
    divide_half_up,
    format_minor,
    parse_minor,
)

currencies = st.sampled_from(sorted(CURRENCIES))


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), currencies)
def test_what_is_formatted_is_parsed_back_to_the_last_unit(amount: int, currency: str) -> None:
    assert parse_minor(format_minor(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1.250", "KWD", 1250),
        ("0.005", "KWD", 5),
        ("12.5", "SAR", 1250),
        ("-3", "BHD", -3000),
        ("1.2500", "KWD", 1250),
        ("١٢٫٥", "KWD", 12500),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, amount: int) -> None:
    assert parse_minor(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.2345", "KWD"),
        ("1.005", "SAR"),
        ("1,000", "KWD"),
        ("", "KWD"),
        ("1e3", "KWD"),
        ("1", "XXX"),
        ("NaN", "KWD"),
        ("9999999999999", "KWD"),
    ],
)
def test_what_is_not_exact_is_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_minor(text, currency)


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**9))
def test_rounding_is_half_away_from_zero_and_mirrors_for_returns(n: int, d: int) -> None:
    rounded = divide_half_up(n, d)
    assert abs(Fraction(n, d) - rounded) <= Fraction(1, 2)
    assert divide_half_up(-n, d) == -rounded
    if abs(Fraction(n, d) - rounded) == Fraction(1, 2):
        assert abs(rounded) > abs(Fraction(n, d))
