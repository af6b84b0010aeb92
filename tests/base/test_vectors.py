"""spec/vectors/money.json: what every language of the project must compute alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from octonext.base.money import InvalidAmount, divide_half_up, format_minor, parse_minor
from octonext.base.quantity import extend

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/money.json").read_text(encoding="utf-8"))


def test_amounts_are_read_exactly() -> None:
    for each in VECTORS["parse"]:
        assert parse_minor(each["text"], each["currency"]) == each["amount"], each


def test_what_is_not_an_amount_is_refused() -> None:
    for each in VECTORS["refused"]:
        with pytest.raises(InvalidAmount):
            parse_minor(each["text"], each["currency"])


def test_amounts_are_written_with_the_currencys_own_decimals() -> None:
    for each in VECTORS["format"]:
        assert format_minor(each["amount"], each["currency"]) == each["text"], each


def test_halves_are_rounded_away_from_zero() -> None:
    for each in VECTORS["divide_half_up"]:
        assert divide_half_up(each["numerator"], each["denominator"]) == each["result"], each


def test_a_price_is_extended_by_a_quantity_in_thousandths() -> None:
    for each in VECTORS["extend"]:
        assert extend(each["unit_price"], each["quantity"]) == each["amount"], each
