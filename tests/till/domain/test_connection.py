"""A good day of the till's machine, and its patience with a line that is slow, silent or gone."""

from __future__ import annotations

from octonext.sync.messages import Challenge, Delta, DeltaAck, Drain, Ping, Pong
from octonext.till.domain.attempt import BACKOFF_MAX_S, HANDSHAKE_S, PROGRESS_S, STABLE_S
from octonext.till.domain.connection import State
from octonext.till.domain.steps import (
    Alarm,
    AlarmReason,
    Close,
    Connect,
    Connected,
    Disconnected,
    Garbled,
    NetworkReturned,
    Send,
    SendHello,
    SendPush,
    StoreDelta,
)

from .world import World, online


def test_a_backlog_drains_in_pushes_of_the_size_the_server_asks_for(world: World) -> None:
    world.append(25)
    online(world)
    world.exchange()
    assert world.till.drained
    pushes = [(push.first, push.last) for push in world.log if isinstance(push, SendPush)]
    assert pushes == [(1, 4), (5, 8), (9, 12), (13, 16), (17, 20), (21, 24), (25, 25)]


def test_a_shift_key_goes_along_with_the_first_entry_that_uses_it_only(world: World) -> None:
    world.append(25)
    online(world)
    world.exchange()
    keys = [push.key_ids for push in world.log if isinstance(push, SendPush) and push.key_ids]
    assert keys == [("shift-0",), ("shift-1",), ("shift-2",)]


def test_an_entry_made_while_online_goes_out_at_once(world: World) -> None:
    online(world)
    world.append()
    assert isinstance(world.log[-1], SendPush)


def test_a_delta_is_stored_before_it_is_acknowledged(world: World) -> None:
    online(world)
    world.say(Delta(feed="reference", cursor="9.1", rows=[], more=False))
    assert world.log[-2:] == [
        StoreDelta("reference", "9.1", [], more=False),
        Send(DeltaAck(feed="reference", cursor="9.1")),
    ]
    assert world.till.feeds_current


def test_a_ping_is_answered(world: World) -> None:
    online(world)
    world.say(Ping())
    assert world.log[-1] == Send(Pong())


def test_backoff_doubles_to_a_minute_and_starts_again_after_a_stable_connection(world: World) -> None:
    world.fraction = 1.0
    pauses = []
    for _ in range(9):
        world.wait(max(0.0, (world.till.deadline or 0) - world.now))
        world.act(world.till.handle(Disconnected(world.now)))
        pauses.append((world.till.deadline or 0) - world.now)
    assert pauses == [1, 2, 4, 8, 16, 32, BACKOFF_MAX_S, BACKOFF_MAX_S, BACKOFF_MAX_S]
    world.connect()
    world.now += STABLE_S
    world.lose_line()
    assert world.till.deadline == world.now + 1


def test_no_progress_for_thirty_seconds_is_an_alarm_and_a_reconnect(world: World) -> None:
    online(world)
    world.now += 5
    world.append()
    world.say(Pong())
    world.wait(PROGRESS_S - 1)
    world.say(Pong())
    assert world.state() is State.ONLINE
    world.wait(1)
    alarm = world.last(Alarm)
    assert isinstance(alarm, Alarm)
    assert alarm.reason is AlarmReason.NO_PROGRESS
    assert world.state() is State.WAITING


def test_an_idle_till_raises_no_alarm(world: World) -> None:
    online(world)
    for _ in range(100):
        world.wait(19)
        world.say(Ping())
    assert world.state() is State.ONLINE
    assert not any(isinstance(command, Alarm) for command in world.log)


def test_silence_is_asked_once_and_then_given_up(world: World) -> None:
    online(world)
    world.wait(20)
    assert world.log[-1] == Send(Ping())
    world.wait(10)
    assert world.state() is State.ONLINE
    world.wait(10)
    assert world.state() is State.WAITING


def test_a_server_that_never_speaks_is_left(world: World) -> None:
    world.wait(0)
    world.act(world.till.handle(Connected(world.now)))
    world.wait(HANDSHAKE_S)
    assert world.state() is State.WAITING
    assert world.log[-1] == Close()


def test_a_drain_lets_the_push_on_the_way_finish_and_spreads_the_return(world: World) -> None:
    world.append(9)
    online(world)
    world.say(Drain(spread_ms=8000))
    assert world.state() is State.ONLINE
    world.exchange()
    assert world.till.acked_seq == 4
    assert world.state() is State.WAITING
    assert world.till.deadline == world.now + 4


def test_a_returned_network_shortens_the_wait(world: World) -> None:
    world.fraction = 1.0
    for _ in range(7):
        world.wait(max(0.0, (world.till.deadline or 0) - world.now))
        world.act(world.till.handle(Disconnected(world.now)))
    world.act(world.till.handle(NetworkReturned(world.now)))
    assert world.till.deadline == world.now + 1


def test_garbage_and_words_out_of_turn_reconnect(world: World) -> None:
    online(world)
    world.act(world.till.handle(Garbled(world.now, "not JSON")))
    assert world.state() is State.WAITING
    world.connect()
    world.say(Challenge(b"again", 0))
    assert world.state() is State.WAITING


def test_a_connect_is_the_first_thing_a_new_till_wants(world: World) -> None:
    world.wait(0)
    assert world.log == [Connect()]
    world.act(world.till.handle(Connected(world.now)))
    world.say(Challenge(b"nonce", 0))
    assert world.log[-1] == SendHello(b"nonce")
