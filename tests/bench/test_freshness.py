from __future__ import annotations

from bench.freshness import Seen, delays


def test_a_sale_is_seen_with_the_first_answer_that_counts_it() -> None:
    acked = [1.0, 2.0, 3.0]
    seen = [Seen(0.5, 0), Seen(2.5, 2), Seen(4.0, 3)]
    assert delays(acked, seen) == [(1.0, 1.5), (2.0, 0.5), (3.0, 1.0)]


def test_a_report_may_show_a_sale_before_its_ack_has_arrived() -> None:
    assert delays([2.0], [Seen(1.9, 1)]) == [(2.0, 0.0)]


def test_what_no_answer_showed_has_no_delay() -> None:
    assert delays([1.0, 2.0], [Seen(1.5, 1)]) == [(1.0, 0.5)]
