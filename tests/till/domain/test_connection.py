"""The till's machine: every nack, every loss, and what holds in any order of events."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octonext.crypto.chain import GENESIS
from octonext.sync.messages import (
    Ack,
    Challenge,
    Credits,
    Delta,
    DeltaAck,
    Drain,
    FromServer,
    Head,
    Nack,
    Ping,
    Pong,
    Welcome,
)
from octonext.till.domain.attempt import BACKOFF_MAX_S, HANDSHAKE_S, PROGRESS_S, STABLE_S
from octonext.till.domain.connection import Connection, State
from octonext.till.domain.steps import (
    Alarm,
    AlarmReason,
    Appended,
    Close,
    Command,
    Connect,
    Connected,
    Disconnected,
    Garbled,
    MarkAcked,
    NetworkReturned,
    OutboxRead,
    Outgoing,
    ReadOutbox,
    Received,
    Send,
    SendHello,
    SendPush,
    StoreDelta,
    Ticked,
)


def entry_hash(seq: int, salt: str = "") -> bytes:
    return GENESIS if seq == 0 else hashlib.sha256(f"{salt}{seq}".encode()).digest()


@dataclass
class World:
    """A till's machine, its journal, a shard and the wire between them; time is a number."""

    now: float = 0.0
    head: int = 0
    #: First entry that the journal still holds.
    kept_from: int = 1
    shard: list[bytes] = field(default_factory=list)
    shard_keys: set[str] = field(default_factory=set)
    push_entries: int = 4
    to_till: deque[FromServer] = field(default_factory=deque)
    to_shard: deque[SendPush] = field(default_factory=deque)
    log: list[Command] = field(default_factory=list)
    fraction: float = 0.5
    #: `fenced` that the till heard since the last ack that it heard.
    fences: int = 0

    def __post_init__(self) -> None:
        self.till = Connection(head_seq=self.head, acked_seq=0, random=lambda: self.fraction, now=self.now)

    def state(self) -> State:
        return self.till.state

    # --- what happens -------------------------------------------------------------------------

    def append(self, count: int = 1) -> None:
        self.head += count
        self.act(self.till.handle(Appended(self.now, self.head)))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.act(self.till.handle(Ticked(self.now)))

    def say(self, message: FromServer) -> None:
        if isinstance(message, Ack):
            self.fences = 0
        self.act(self.till.handle(Received(self.now, message)))

    def lose_line(self) -> None:
        self.to_till.clear()
        self.to_shard.clear()
        self.act(self.till.handle(Disconnected(self.now)))

    def connect(self) -> None:
        deadline = self.till.deadline
        assert self.state() is State.WAITING
        assert deadline is not None
        self.wait(max(0.0, deadline - self.now))
        self.act(self.till.handle(Connected(self.now)))
        self.say(Challenge(b"n" * 32, 0))
        self.say(self.welcome())

    def welcome(self, heartbeat_s: int = 20) -> Welcome:
        return Welcome(
            acked=self.shard_head(),
            credits=Credits(64, 1 << 20, self.push_entries),
            heartbeat_s=heartbeat_s,
            server_time_ms=0,
        )

    def shard_head(self) -> Head:
        return Head(len(self.shard), self.shard[-1] if self.shard else GENESIS)

    def shard_handles(self) -> None:
        """The shard takes the oldest push that has arrived and answers it."""
        push = self.to_shard.popleft()
        if push.first > len(self.shard) + 1:
            self.to_till.append(Nack(reason="gap", detail="", expected=len(self.shard) + 1))
            return
        assert push.prev == entry_hash(push.first - 1), "a push follows what the shard has"
        self.shard_keys.update(push.key_ids)
        missing = {key_of(seq) for seq in range(push.first, push.last + 1)} - self.shard_keys
        if missing:
            self.to_till.append(Nack(reason="unknown_key", detail="", key_ids=sorted(missing)))
            return
        for seq in range(len(self.shard) + 1, push.last + 1):
            self.shard.append(entry_hash(seq))
        count = push.last - push.first + 1
        given_back = Credits(count, 100 * count, self.push_entries)
        self.to_till.append(
            Ack(acked=self.shard_head(), first=push.first, outcomes=["posted"] * count, credits=given_back)
        )

    # --- what the machine wants ---------------------------------------------------------------

    def act(self, commands: list[Command]) -> None:
        for command in commands:
            self.log.append(command)
            match command:
                case SendPush():
                    assert not self.to_shard, "one push is on the way at a time"
                    assert 1 <= command.first <= command.last <= self.head
                    self.to_shard.append(command)
                case MarkAcked(seq, own_hash):
                    assert seq <= len(self.shard)
                    assert self.shard[seq - 1 : seq] == ([own_hash] if seq else []), "only what is held"
                    assert own_hash == entry_hash(seq)
                case ReadOutbox(after, limit):
                    self.act(self.till.handle(self.read(after, limit)))
                case Close():
                    self.to_till.clear()
                    self.to_shard.clear()
                case _:
                    pass

    def read(self, after: int, limit: int) -> OutboxRead:
        entries = [
            Outgoing(seq, entry_hash(seq), key_of(seq), 100)
            for seq in range(after + 1, min(self.head, after + limit) + 1)
        ]
        here = after == 0 or self.kept_from <= after <= self.head
        key_id = key_of(after) if here and after else None
        return OutboxRead(self.now, after, entry_hash(after) if here else None, key_id, entries)

    def last(self, kind: type[Command]) -> Command:
        return next(command for command in reversed(self.log) if isinstance(command, kind))

    def exchange(self) -> None:
        """Let both sides talk until the wire is empty."""
        while self.to_shard or self.to_till:
            if self.to_shard:
                self.shard_handles()
            if self.to_till:
                self.say(self.to_till.popleft())


def key_of(seq: int) -> str:
    """A shift has ten entries."""
    return f"shift-{(seq - 1) // 10}"


@pytest.fixture
def world() -> World:
    return World()


def online(world: World) -> World:
    world.connect()
    assert world.state() is State.ONLINE
    return world


def nack(world: World, reason: str, **members: object) -> None:
    world.to_shard.clear()
    world.say(Nack(reason=reason, detail="because", **members))  # type: ignore[arg-type]


# --- a good day -------------------------------------------------------------------------------


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


# --- lost and found ---------------------------------------------------------------------------


def test_a_lost_ack_is_learnt_from_the_next_welcome(world: World) -> None:
    world.append(3)
    online(world)
    world.shard_handles()
    world.lose_line()
    assert world.till.acked_seq == 0
    world.connect()
    assert world.till.acked_seq == 3
    assert world.last(MarkAcked) == MarkAcked(3, entry_hash(3), 4, ())


def test_a_restored_shard_is_sent_again_what_it_lost(world: World) -> None:
    world.append(8)
    online(world)
    world.exchange()
    world.lose_line()
    del world.shard[5:]
    world.connect()
    alarm = world.last(Alarm)
    assert isinstance(alarm, Alarm)
    assert (alarm.reason, alarm.stopped) == (AlarmReason.SHARD_WENT_BACK, False)
    assert "acknowledged 8 entries and now holds 5" in alarm.detail
    world.exchange()
    assert world.shard == [entry_hash(seq) for seq in range(1, 9)]


def test_a_shard_that_needs_what_was_pruned_stops_the_till(world: World) -> None:
    world.append(8)
    online(world)
    world.exchange()
    world.lose_line()
    world.kept_from = 7
    del world.shard[3:]
    world.connect()
    assert world.till.stopped is not None
    assert world.till.stopped.reason is AlarmReason.SHARD_BEHIND


def test_a_journal_restored_from_an_older_copy_is_a_fork(world: World) -> None:
    world.append(3)
    world.shard = [entry_hash(seq) for seq in range(1, 6)]
    world.connect()
    assert world.till.stopped is not None
    assert world.till.stopped.reason is AlarmReason.FORKED


def test_another_hash_at_the_same_place_is_a_fork(world: World) -> None:
    world.append(3)
    world.shard = [entry_hash(seq, "clone") for seq in range(1, 4)]
    world.connect()
    assert not any(isinstance(command, MarkAcked) for command in world.log)
    assert world.till.stopped is not None
    assert world.till.stopped.reason is AlarmReason.FORKED


def test_an_ack_with_another_hash_is_never_believed(world: World) -> None:
    world.append(3)
    online(world)
    ack = Ack(acked=Head(3, bytes(31) + b"x"), first=1, outcomes=[], credits=Credits(3, 300))
    world.say(ack)
    assert world.state() is State.STOPPED
    assert not any(isinstance(command, MarkAcked) for command in world.log)


# --- every nack -------------------------------------------------------------------------------


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


# --- time -------------------------------------------------------------------------------------


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


# --- in any order -----------------------------------------------------------------------------

ACTIONS = ["append", "tick", "shard", "till", "lose", "overload", "gap", "drain", "lose_ack", "fence"]


@settings(max_examples=300, deadline=None)
@given(
    actions=st.lists(st.sampled_from(ACTIONS), max_size=120),
    push_entries=st.integers(1, 9),
    seed=st.integers(0, 2**32),
)
def test_any_order_of_losses_and_refusals_ends_with_everything_at_the_shard(
    actions: list[str], push_entries: int, seed: int
) -> None:
    random = Random(seed)
    world = World(push_entries=push_entries)
    for action in actions:
        _happen(world, action, random)
        # What the shard holds is always a gapless prefix of the journal, and acked never ahead of it.
        assert world.shard == [entry_hash(seq) for seq in range(1, len(world.shard) + 1)]
        assert world.till.acked_seq <= len(world.shard) <= world.head
        if world.state() is State.STOPPED:
            # Only ever the third fence, and never one that an accepted push lies behind.
            assert world.fences == 3
            return
        assert world.fences < 3
    world.append()
    for _ in range(400):
        if world.till.drained:
            break
        if world.state() is State.WAITING:
            world.connect()
        world.exchange()
        if not world.till.drained:
            world.wait(1)
    assert world.till.drained
    assert len(world.shard) == world.head


def _happen(world: World, action: str, random: Random) -> None:
    match action:
        case "append":
            world.append(random.randint(1, 5))
        case "tick":
            world.wait(random.choice([0.1, 1, 10, 45]))
            if world.state() is State.CONNECTING:
                world.act(world.till.handle(Connected(world.now)))
                world.say(Challenge(b"n" * 32, 0))
                world.say(world.welcome())
        case "shard" if world.to_shard:
            world.shard_handles()
        case "till" if world.to_till:
            world.say(world.to_till.popleft())
        case "lose":
            world.lose_line()
        case "lose_ack" if world.to_shard:
            world.shard_handles()
            world.lose_line()
        case "overload" if world.to_shard:
            world.to_shard.clear()
            world.to_till.append(Nack(reason="overloaded", detail="", retry_after_ms=500))
        case "fence" if world.to_shard:
            world.to_shard.clear()
            world.fences += 1
            world.say(Nack(reason="fenced", detail=""))
        case "gap" if world.to_shard:
            world.to_shard.clear()
            expected = random.randint(1, len(world.shard) + 1)
            world.to_till.append(Nack(reason="gap", detail="", expected=expected))
        case "drain" if world.state() is State.ONLINE:
            world.say(Drain(spread_ms=1000))
        case _:
            pass


def test_a_connect_is_the_first_thing_a_new_till_wants(world: World) -> None:
    world.wait(0)
    assert world.log == [Connect()]
    world.act(world.till.handle(Connected(world.now)))
    world.say(Challenge(b"nonce", 0))
    assert world.log[-1] == SendHello(b"nonce")
