from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from octonext.feeds.domain import (
    BACKOFF_FLOOR_S,
    BACKOFF_MAX_S,
    Cursor,
    FeedWentBack,
    Freshness,
    InvalidCursor,
    Page,
    Reading,
    Snapshot,
    backoff_s,
    check_history,
    check_marks,
    pause_s,
)
from octonext.feeds.service import ERROR_CHARACTERS_MAX

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def snapshot(second: int, xmin: int, xmax: int) -> Snapshot:
    return Snapshot(NOON + timedelta(seconds=second), xmin, xmax)


def page(*, full: bool) -> Page:
    return Page("sale", Cursor(0, 0), Cursor(1, 1), 1, b"", full=full)


def test_a_cursor_is_written_and_read_back_and_ordered_by_transaction_first() -> None:
    assert Cursor.parse("7312.88") == Cursor(7312, 88)
    assert str(Cursor(2**64 - 1, 2**63 - 1)) == "18446744073709551615.9223372036854775807"
    assert Cursor(1, 900) < Cursor(2, 1) < Cursor(2, 2)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "-1.2", "1.2.3", "a.b", "1.٣", f"{2**64}.1", "9" * 500]
)
def test_what_is_not_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.parse(text)


def test_an_idle_source_is_fresh_at_once() -> None:
    assert Freshness().observe(Reading(snapshot(5, 100, 100))) == NOON + timedelta(seconds=5)


def test_an_open_transaction_holds_freshness_back_until_its_end() -> None:
    freshness = Freshness()
    assert freshness.observe(Reading(snapshot(0, 90, 100))) is None
    assert freshness.observe(Reading(snapshot(1, 90, 105))) is None
    # Everything below 100 is final now: what was committed before second 0 has been read.
    assert freshness.observe(Reading(snapshot(2, 100, 110))) == NOON


def test_a_source_that_is_never_quiet_still_becomes_fresh() -> None:
    freshness = Freshness()
    seen = [freshness.observe(Reading(snapshot(n, 90 + 10 * n, 105 + 10 * n))) for n in range(10)]
    assert seen[-1] is not None
    assert seen[-1] >= NOON + timedelta(seconds=5)


def test_a_full_page_says_nothing_about_freshness() -> None:
    assert Freshness().observe(Reading(snapshot(0, 100, 100), (page(full=True),))) is None


def test_who_has_begun_anew_does_not_repeat_what_was_proven_before() -> None:
    freshness = Freshness()
    assert freshness.observe(Reading(snapshot(0, 100, 100))) == NOON
    assert freshness.observe(Reading(snapshot(1, 110, 110), (page(full=True),))) is None
    assert freshness.observe(Reading(snapshot(2, 110, 110))) == NOON + timedelta(seconds=2)


def test_a_source_behind_its_reader_is_refused() -> None:
    check_history("kw-1", {"sale": Cursor(99, 5)}, snapshot(0, 100, 100))
    with pytest.raises(FeedWentBack, match="kw-1 is at transaction 100"):
        check_history("kw-1", {"sale": Cursor(100, 5)}, snapshot(0, 100, 100))


def test_the_remedy_of_a_source_that_went_back_fits_into_the_status() -> None:
    far = Cursor(10**12, 10**12)
    with pytest.raises(FeedWentBack) as refused:
        check_history("a-shard-16-chars", {"dimension": far}, snapshot(0, 10**11, 10**11))
    shown = f"FeedWentBack: {refused.value}"
    assert len(shown) <= ERROR_CHARACTERS_MAX
    assert "octonext feeds reset --source a-shard-16-chars" in shown


def test_a_cursor_keeps_the_mark_of_its_history_beside_its_place() -> None:
    marked = Cursor.parse("7312.88." + "0a" * 16)
    assert marked == Cursor(7312, 88)
    assert marked.mark == "0a" * 16
    assert Cursor.parse(str(marked)).mark == marked.mark


def test_another_history_is_refused_and_a_cursor_without_a_mark_believed() -> None:
    cursors = {"sale": Cursor(7, 1, "a" * 32), "shift": Cursor(9, 1)}
    check_marks("kw-1", cursors, {7: "a" * 32, 9: "b" * 32})
    with pytest.raises(FeedWentBack, match="feed sale was read from"):
        check_marks("kw-1", cursors, {7: "c" * 32, 9: "b" * 32})


def test_backoff_grows_to_its_limit_and_never_reaches_zero() -> None:
    assert backoff_s(0, 0.5) == 0
    assert backoff_s(1, 0.0) == BACKOFF_FLOOR_S
    assert backoff_s(3, 0.999) < backoff_s(5, 0.999) <= BACKOFF_MAX_S
    assert backoff_s(10_000, 0.999) <= BACKOFF_MAX_S


def test_the_next_look_follows_a_full_page_at_once_and_an_empty_one_after_the_poll() -> None:
    quiet = snapshot(0, 1, 1)
    assert pause_s(Reading(quiet, (page(full=True),))) == 0
    assert pause_s(Reading(quiet, (page(full=False),))) > pause_s(Reading(quiet)) > 0


def test_the_time_that_a_look_took_is_part_of_the_pause() -> None:
    few = Reading(snapshot(0, 1, 1), (page(full=False),))
    assert 0 < pause_s(few, 0.1) < pause_s(few)
    assert pause_s(few, 10.0) == 0
