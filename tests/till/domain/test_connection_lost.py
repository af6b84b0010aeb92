"""Lost and found: what the till's machine does after a loss, and what holds in any order of events."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from octonext.sync.messages import Ack, Challenge, Credits, Drain, Head, Nack
from octonext.till.domain.connection import State
from octonext.till.domain.steps import Alarm, AlarmReason, Connected, MarkAcked

from .world import World, entry_hash, online


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
