"""Trade item numbers are checked to the last digit; the shop's own codes are let be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.catalog.domain.barcodes import InvalidBarcode, check_digit, classify, trade_item

VECTORS = json.loads((Path(__file__).parents[3] / "spec/vectors/barcode.json").read_text(encoding="utf-8"))


def test_codes_are_read_as_the_vectors_say() -> None:
    for each in VECTORS["valid"]:
        assert classify(each["code"]) == each["kind"], each
        assert trade_item(each["code"]) == each["trade_item"], each
    for each in VECTORS["check_digits"]:
        assert check_digit(each["digits"]) == each["check_digit"], each


@pytest.mark.parametrize("code", VECTORS["refused"])
def test_what_is_no_barcode_is_refused(code: str) -> None:
    with pytest.raises(InvalidBarcode):
        classify(code)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(digits: str, place: int, change: int) -> None:
    code = digits + str(check_digit(digits))
    assert classify(code) == "ean13"
    wrong = str((int(code[place]) + change) % 10)
    with pytest.raises(InvalidBarcode):
        classify(code[:place] + wrong + code[place + 1 :])


def test_a_upca_and_its_ean13_are_one_trade_item() -> None:
    assert trade_item("036000291452") == trade_item("0036000291452")
