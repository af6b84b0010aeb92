from __future__ import annotations

import pytest

from bench.harness import Figure, percentile


def test_the_percentile_is_the_nearest_rank() -> None:
    samples = [float(number) for number in range(200, 0, -1)]
    assert percentile(samples, 0.99) == 198
    assert percentile(samples, 0.5) == 100
    assert percentile(samples, 1.0) == 200


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99, 1.0])
def test_every_percentile_of_one_sample_is_that_sample(share: float) -> None:
    assert percentile([7.0], share) == 7.0


def test_a_figure_is_the_median_of_its_samples_over_that_of_its_floor() -> None:
    figure = Figure("p99", (9.0, 1.0, 3.0), "ms", "before", (2.0, 1.0, 4.0))
    assert (figure.value, figure.floor, figure.ratio) == (3.0, 2.0, 1.5)
    assert figure.spread == (1.0, 9.0)


def test_a_figure_without_a_floor_has_no_ratio() -> None:
    assert Figure("time", (1.0,), "s").ratio is None
