"""What the demo measures: rates, and from a sale's ack to the report that counts it."""

from __future__ import annotations

import pytest

from octonext.processes.demo.meter import LagMeter, RateMeter, percentile


def test_the_lag_of_a_sale_is_from_its_ack_to_the_first_report_that_counts_it() -> None:
    meter = LagMeter()
    meter.acked(10.0, 2)
    meter.acked(10.5, 3)
    meter.visible(11.0, 2)
    assert meter.lags == [(11.0, 1.0), (11.0, 1.0)]
    assert meter.invisible == 1
    meter.visible(11.5, 3)
    assert meter.lags[2:] == [(11.5, 1.0)]
    assert meter.invisible == 0


def test_a_report_that_is_quicker_than_our_look_at_the_ack_counts_as_no_lag() -> None:
    meter = LagMeter()
    meter.visible(9.0, 1)
    meter.acked(10.0, 1)
    assert meter.lags == [(10.0, 0.0)]


def test_every_sale_is_measured_once() -> None:
    meter = LagMeter()
    for second in range(100):
        meter.acked(float(second), second * 3)
        meter.visible(second + 0.5, second * 3 - second % 2)
    meter.visible(100.0, 297)
    assert len(meter.lags) == 297


def test_only_recent_lags_are_shown() -> None:
    meter = LagMeter()
    meter.acked(0.0, 1)
    meter.visible(5.0, 1)
    meter.acked(20.0, 2)
    meter.visible(21.0, 2)
    assert meter.recent(22.0, 5.0) == [1.0]


def test_a_rate_is_over_the_last_seconds() -> None:
    meter = RateMeter()
    for tenth in range(100):
        meter.note(tenth / 10, tenth)
    assert meter.per_s == pytest.approx(10.0)
    for tenth in range(100, 200):
        meter.note(tenth / 10, 99)
    assert meter.per_s == 0.0


def test_a_rate_of_nothing_yet_is_zero() -> None:
    meter = RateMeter()
    assert meter.per_s == 0.0
    meter.note(1.0, 5)
    assert meter.per_s == 0.0


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 95) is None
    assert percentile([1.0], 95) == 1.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
