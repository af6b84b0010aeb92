"""Guessing is slow, mistyping is not punished, and memory is bounded."""

from __future__ import annotations

import pytest

from octonext.edge import limits
from octonext.edge.errors import TooManyAttempts
from octonext.edge.limits import Attempts, Limit

from .conftest import HandClock

GUESSES = Limit("guesses", attempts=3, window_s=60)


def test_an_address_that_guesses_is_stopped_and_told_when_to_come_back() -> None:
    attempts = Attempts(HandClock())
    for _ in range(3):
        attempts.begin(GUESSES, "10.0.0.1")
    with pytest.raises(TooManyAttempts) as refused:
        attempts.begin(GUESSES, "10.0.0.1")
    assert 0 < refused.value.retry_after_s <= 61


def test_another_address_and_another_secret_are_not_affected() -> None:
    attempts = Attempts(HandClock())
    for _ in range(3):
        attempts.begin(GUESSES, "10.0.0.1")
    attempts.begin(GUESSES, "10.0.0.2")
    attempts.begin(Limit("other", attempts=1, window_s=60), "10.0.0.1")


def test_the_window_ends() -> None:
    clock = HandClock()
    attempts = Attempts(clock)
    for _ in range(3):
        attempts.begin(GUESSES, "10.0.0.1")
    clock.seconds += 60.0
    attempts.begin(GUESSES, "10.0.0.1")


def test_success_is_not_counted_so_a_whole_shop_can_enrol_at_once() -> None:
    attempts = Attempts(HandClock())
    for _ in range(1000):
        attempts.begin(GUESSES, "10.0.0.1")
        attempts.succeeded(GUESSES, "10.0.0.1")


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESSES_MAX", 10)
    attempts = Attempts(HandClock())
    for number in range(100):
        attempts.begin(GUESSES, f"10.0.0.{number}")
    assert len(attempts._counts["guesses"]) == 10
