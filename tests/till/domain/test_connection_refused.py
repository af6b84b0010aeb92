"""Every nack: what the till's machine does about it, and what only a person can decide."""

from __future__ import annotations

import pytest

from octonext.sync.messages import Challenge
from octonext.till.domain.connection import State
from octonext.till.domain.steps import Alarm, AlarmReason, Close, Connected, NetworkReturned, SendPush

from .world import World, entry_hash, nack, online


@pytest.mark.parametrize(
    ("reason", "alarm"),
    [
        ("fork", AlarmReason.FORKED),
        ("revoked", AlarmReason.REVOKED),
        ("bad_chain", AlarmReason.BAD_CHAIN),
    ],
)
def test_what_a_person_must_decide_stops_the_till_and_says_so(
    world: World, reason: str, alarm: AlarmReason
) -> None:
    world.append()
    online(world)
    nack(world, reason)
    assert world.log[-2:] == [Alarm(alarm, "because", stopped=True), Close()]
    assert world.till.deadline is None
    world.append()
    world.wait(3600)
    assert world.state() is State.STOPPED
    assert world.till.backlog == 2


def test_a_till_that_was_fenced_by_accident_comes_back(world: World) -> None:
    world.append()
    online(world)
    nack(world, "fenced")
    assert world.state() is State.WAITING
    assert world.log[-1] == Close()
    world.connect()
    world.exchange()
    assert world.till.drained


def test_the_third_fence_in_a_row_stops_the_till_for_a_person_to_decide(world: World) -> None:
    world.append()
    for _ in range(3):
        world.connect()
        nack(world, "fenced")
    assert world.log[-2:] == [Alarm(AlarmReason.FENCED, "because", stopped=True), Close()]
    assert world.till.deadline is None


def test_an_accepted_push_forgives_the_fences_before_it_and_a_welcome_does_not(world: World) -> None:
    for _ in range(5):
        for _ in range(2):
            world.append()
            world.connect()
            nack(world, "fenced")
        world.connect()
        world.exchange()
        world.lose_line()
    assert world.till.stopped is None
    assert world.till.backlog == 0


def test_a_gap_is_closed_from_what_the_shard_expects(world: World) -> None:
    world.append(8)
    online(world)
    world.exchange()
    world.append(2)
    nack(world, "gap", expected=9)
    push = world.last(SendPush)
    assert isinstance(push, SendPush)
    assert (push.first, push.prev) == (9, entry_hash(8))


def test_a_gap_below_what_was_acknowledged_is_told_in_a_new_hello(world: World) -> None:
    world.append(8)
    online(world)
    world.exchange()
    world.append(2)
    del world.shard[4:]
    nack(world, "gap", expected=5)
    assert world.state() is State.WAITING
    assert world.till.acked_seq == 8
    world.connect()
    world.exchange()
    assert len(world.shard) == world.head == 10


def test_gaps_without_end_end_in_a_reconnect(world: World) -> None:
    world.append(2)
    online(world)
    for _ in range(3):
        nack(world, "gap", expected=1)
    assert world.state() is State.WAITING


def test_a_bad_signature_is_tried_three_times(world: World) -> None:
    world.append()
    online(world)
    nack(world, "bad_signature")
    nack(world, "bad_signature")
    assert isinstance(world.log[-1], SendPush)
    nack(world, "bad_signature")
    assert world.till.stopped is not None
    assert world.till.stopped.reason is AlarmReason.BAD_SIGNATURE


def test_a_hello_with_a_bad_signature_is_tried_three_times(world: World) -> None:
    for _ in range(3):
        deadline = world.till.deadline
        assert deadline is not None
        world.wait(deadline - world.now)
        world.act(world.till.handle(Connected(world.now)))
        world.say(Challenge(b"n", 0))
        nack(world, "bad_signature")
    assert world.state() is State.STOPPED


def test_an_unknown_key_is_given_again(world: World) -> None:
    world.append(12)
    world.push_entries = 5
    online(world)
    world.exchange()
    world.append()
    nack(world, "unknown_key", key_ids=["shift-1"])
    push = world.last(SendPush)
    assert isinstance(push, SendPush)
    assert push.key_ids == ("shift-1",)


def test_a_key_that_went_along_with_a_refused_push_goes_along_with_the_next(world: World) -> None:
    world.append(12)
    online(world)
    world.exchange()
    world.append()
    nack(world, "unknown_key", key_ids=["shift-1"])
    nack(world, "bad_signature")
    push = world.last(SendPush)
    assert isinstance(push, SendPush)
    assert push.key_ids == ("shift-1",)


def test_an_overloaded_shard_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    world.append()
    online(world)
    nack(world, "overloaded", retry_after_ms=2000)
    sent = len(world.log)
    world.wait(1.9)
    assert len(world.log) == sent
    assert world.till.deadline == pytest.approx(world.now + 0.1)
    world.wait(0.2)
    assert isinstance(world.log[-1], SendPush)


def test_an_overloaded_hello_is_said_again_later(world: World) -> None:
    world.wait(0)
    world.act(world.till.handle(Connected(world.now)))
    world.say(Challenge(b"n", 0))
    nack(world, "overloaded", retry_after_ms=5000)
    assert world.till.deadline == world.now + 5


def test_a_refused_push_gives_its_credits_back(world: World) -> None:
    world.append(1)
    online(world)
    for _ in range(100):
        nack(world, "overloaded", retry_after_ms=1)
        world.wait(0.01)
    assert isinstance(world.log[-1], SendPush)


@pytest.mark.parametrize("reason", ["unknown_device", "bad_frame"])
def test_other_refusals_reconnect_after_a_pause(world: World, reason: str) -> None:
    world.append()
    online(world)
    nack(world, reason)
    assert world.state() is State.WAITING
    assert world.log[-1] == Close()


def test_an_unknown_till_comes_back_no_sooner_than_it_was_told_even_with_a_new_network(world: World) -> None:
    refuse_hello(world, retry_after_ms=5000)
    assert world.till.deadline == world.now + 5
    world.act(world.till.handle(NetworkReturned(world.now)))
    assert world.till.deadline == world.now + 5


def test_a_till_that_stays_unknown_says_so_once(world: World) -> None:
    alarms: list[Alarm] = []
    for _ in range(10):
        refuse_hello(world, retry_after_ms=20_000)
        alarms = [command for command in world.log if isinstance(command, Alarm)]
        assert bool(alarms) == (world.now > 60)
    assert [alarm.reason for alarm in alarms] == [AlarmReason.UNKNOWN_DEVICE]
    assert world.state() is State.WAITING


def test_a_new_till_that_is_known_soon_raises_no_alarm(world: World) -> None:
    for _ in range(4):
        refuse_hello(world, retry_after_ms=15_000)
    world.connect()
    world.now += 3600
    world.lose_line()
    refuse_hello(world, retry_after_ms=500)
    assert not any(isinstance(command, Alarm) for command in world.log)


def refuse_hello(world: World, retry_after_ms: int) -> None:
    """Connect as soon as the till wants to, and tell it that nobody knows it."""
    world.wait(max(0.0, (world.till.deadline or 0) - world.now))
    world.act(world.till.handle(Connected(world.now)))
    world.say(Challenge(b"n", 0))
    nack(world, "unknown_device", retry_after_ms=retry_after_ms)
