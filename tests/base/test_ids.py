"""Ids sort by time, and receipts read as people read them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from octonext.base.clock import HYBRID_COUNTER_BITS, HYBRID_MS_MAX, hybrid_tick
from octonext.base.ids import receipt_number, uuid7

moments = st.integers(0, 2**48 - 1)


@given(moments, moments, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_a_later_uuid7_sorts_after_an_earlier_one(a: int, b: int, x: bytes, y: bytes) -> None:
    one, two = uuid7(a, x), uuid7(b, y)
    assert one.version == two.version == 7
    assert one.variant == two.variant
    if a < b:
        assert one < two


def test_a_receipt_number_names_branch_till_and_counter() -> None:
    assert receipt_number("KW01", "T03", 17) == "KW01-T03-17"


@given(st.lists(st.integers(-(2**50), 2**50), min_size=1, max_size=50))
def test_the_hybrid_clock_never_goes_back_when_the_wall_clock_does(walls: list[int]) -> None:
    last, seen = 0, []
    for wall in walls:
        last = hybrid_tick(last, wall)
        seen.append(last)
    assert seen == sorted(set(seen))
    assert seen[-1] >= min(max(*walls, 0), HYBRID_MS_MAX) << HYBRID_COUNTER_BITS
    assert seen[-1] < 2**53
