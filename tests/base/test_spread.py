"""spec/vectors/spread.json, and what holds for every amount and all weights."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from octonext.base.spread import cash_due, spread

VECTORS = json.loads((Path(__file__).parents[2] / "spec/vectors/spread.json").read_text(encoding="utf-8"))


def test_shares_are_those_of_the_vectors() -> None:
    for each in VECTORS["spread"]:
        assert spread(each["amount"], each["weights"]) == each["shares"], each


def test_cash_is_rounded_as_the_vectors_say() -> None:
    for each in VECTORS["cash_due"]:
        assert cash_due(each["due"], each["step"]) == each["paid"], each


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=50), st.integers(0, 10**13))
def test_no_unit_is_lost_and_nobody_gets_more_than_their_weight(weights: list[int], part: int) -> None:
    amount = part % (sum(weights) + 1)
    shares = spread(amount, weights)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))
