"""Quantities: thousandths, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.base.quantity import (
    QUANTITY_MAX,
    InvalidQuantity,
    extend,
    format_quantity,
    parse_quantity,
)


@given(st.integers(-QUANTITY_MAX, QUANTITY_MAX))
def test_what_is_formatted_is_parsed_back(quantity: int) -> None:
    assert parse_quantity(format_quantity(quantity)) == quantity


@pytest.mark.parametrize("text", ["", "1.2345", "one", "1,5", "999999999"])
def test_what_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuantity):
        parse_quantity(text)


def test_a_weighed_line_is_rounded_half_up() -> None:
    assert extend(1250, 375) == 469  # 468.75
    assert extend(1, 500) == 1
    assert extend(3, -500) == -2
