"""The breaker: opens after failures in a row, lets one probe through, closes on its success."""

from __future__ import annotations

from octonext.shards.breaker import FAILURES_MAX, PAUSE_FIRST_S, PAUSE_MAX_S, Breaker


def opened(now: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_MAX):
        assert breaker.admit(now)
        breaker.fail(now)
    return breaker


def test_one_answer_between_failures_keeps_it_closed() -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(FAILURES_MAX - 1):
            breaker.fail(0)
        breaker.succeed()
    assert breaker.state == "closed"


def test_after_enough_failures_nobody_is_admitted_until_the_pause_is_over() -> None:
    breaker = opened(100.0)
    assert not breaker.admit(100.0)
    assert breaker.retry_after_s(100.0) == PAUSE_FIRST_S
    assert breaker.admit(100.0 + PAUSE_FIRST_S)
    assert breaker.state == "half_open"


def test_exactly_one_probe_goes_through() -> None:
    breaker = opened()
    later = 100.0 + PAUSE_FIRST_S
    assert [breaker.admit(later) for _ in range(5)] == [True, False, False, False, False]
    breaker.succeed()
    assert breaker.admit(later)


def test_who_comes_while_a_probe_is_on_its_way_waits_only_a_moment() -> None:
    breaker = opened()
    probed_at = 100.0 + PAUSE_FIRST_S
    assert breaker.admit(probed_at)
    assert not breaker.admit(probed_at + 0.1)
    assert breaker.retry_after_s(probed_at + 0.1) == PAUSE_FIRST_S


def test_asking_whether_it_refuses_takes_nobodys_probe() -> None:
    assert not Breaker().refuses(0.0)
    breaker = opened(100.0)
    assert breaker.refuses(100.0)
    assert not breaker.refuses(100.0 + PAUSE_FIRST_S)
    assert breaker.admit(100.0 + PAUSE_FIRST_S)
    assert breaker.refuses(100.0 + PAUSE_FIRST_S)


def test_a_failed_probe_makes_the_next_pause_longer_up_to_a_limit() -> None:
    breaker, now, pauses = opened(0.0), 0.0, []
    for _ in range(8):
        now = breaker.retry_at
        assert breaker.admit(now)
        breaker.fail(now)
        pauses.append(breaker.retry_after_s(now))
    assert pauses[:3] == [1.0, 2.0, 4.0]
    assert pauses[-1] == PAUSE_MAX_S


def test_a_probe_that_never_reports_does_not_keep_it_shut_for_ever() -> None:
    breaker = opened(0.0)
    assert breaker.admit(PAUSE_FIRST_S)
    assert not breaker.admit(PAUSE_FIRST_S + 1)
    assert breaker.admit(PAUSE_FIRST_S + PAUSE_MAX_S)
