"""Taxes to the last fils."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.compliance.domain import (
    PPM,
    STANDARD_RATE_PPM,
    UnknownJurisdiction,
    rate_ppm,
    split_tax,
    tax_code,
)

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/tax.json").read_text(encoding="utf-8"))
amounts = st.integers(-(10**12), 10**12)
rates = st.integers(0, PPM)


def test_lines_are_split_as_the_vectors_say() -> None:
    for each in VECTORS["lines"]:
        split = split_tax(each["amount"], each["rate_ppm"], inclusive=each["inclusive"])
        assert (split.net, split.tax, split.gross) == (each["net"], each["tax"], each["gross"]), each


def test_rates_and_codes_are_those_of_the_law() -> None:
    assert {each["jurisdiction"]: each["standard_ppm"] for each in VECTORS["rates"]} == STANDARD_RATE_PPM
    for each in VECTORS["codes"]:
        assert tax_code(each["jurisdiction"], each["tax_class"]) == each["tax_code"], each


@given(amounts, rates, st.booleans())
def test_net_and_tax_always_add_up_to_gross(amount: int, rate: int, inclusive: bool) -> None:
    split = split_tax(amount, rate, inclusive=inclusive)
    assert split.net + split.tax == split.gross
    assert amount == (split.gross if inclusive else split.net)


@given(amounts, rates, st.booleans())
def test_a_return_takes_back_exactly_what_its_sale_charged(amount: int, rate: int, inclusive: bool) -> None:
    sale = split_tax(amount, rate, inclusive=inclusive)
    returned = split_tax(-amount, rate, inclusive=inclusive)
    assert (returned.net, returned.tax, returned.gross) == (-sale.net, -sale.tax, -sale.gross)


def test_an_unknown_country_is_refused_rather_than_taken_as_free_of_tax() -> None:
    for compute in (
        lambda: rate_ppm("XX", "standard"), lambda: tax_code("XX", "zero"),
    ):  # fmt: skip
        with pytest.raises(UnknownJurisdiction):
            compute()
