from __future__ import annotations

import pytest

from bench.numbers import shown, tick_label, ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (1.0, "1.00"),
        (4.567, "4.57"),
        (9.999, "10.0"),
        (99.95, "100"),
        (123.4, "123"),
        (12_345.6, "12,300"),
        (1_234_567.0, "1,230,000"),
        (-0.5, "-0.500"),
    ],
)
def test_a_figure_is_shown_with_three_digits_that_matter(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 7.3), (3, 3), (-2, 5), (0, 0), (1e-4, 9e-4), (0, 17_300)]
)
def test_ticks_are_round_and_hold_everything(low: float, high: float) -> None:
    found = ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 9
    step = found[1] - found[0]
    assert found == pytest.approx([found[0] + step * number for number in range(len(found))])


def test_a_tick_has_as_many_decimals_as_its_distance_needs() -> None:
    assert tick_label(0.30000000000000004, 0.1) == "0.3"
    assert tick_label(2_000, 500) == "2,000"
    assert tick_label(0.05, 0.05) == "0.05"
