"""What a push may hold: credits, the frame, the keys."""

from __future__ import annotations

from octonext.sync.messages import FRAME_BYTES_MAX, PUSH_ENTRIES_MAX, PUSH_KEYS_MAX, Credits
from octonext.till.domain.outbox import Outbox, Push, TooLarge
from octonext.till.domain.steps import Outgoing


def outbox(sizes: list[int], given: Credits, keys: list[str] | None = None) -> Outbox:
    box = Outbox()
    box.grant(given)
    names = keys or ["k"] * len(sizes)
    entries = [Outgoing(seq, bytes(32), names[seq - 1], size) for seq, size in enumerate(sizes, 1)]
    box.load(0, bytes(32), None, entries)
    return box


def pushed(box: Outbox) -> int:
    push = box.next_push()
    assert isinstance(push, Push)
    return push.entries


def test_a_push_never_costs_more_than_the_credits() -> None:
    assert pushed(outbox([100] * 10, Credits(3, 10**6))) == 3
    assert pushed(outbox([100] * 10, Credits(100, 450))) == 4
    assert outbox([100], Credits(100, 99)).next_push() is None
    assert outbox([100], Credits(0, 10**6)).next_push() is None


def test_a_push_never_exceeds_what_the_server_and_the_protocol_allow() -> None:
    assert pushed(outbox([10] * 600, Credits(10**4, 10**6, push_entries=100))) == 100
    assert pushed(outbox([10] * 600, Credits(10**4, 10**6, push_entries=10**6))) == PUSH_ENTRIES_MAX
    assert pushed(outbox([10] * 600, Credits(10**4, 10**6, push_entries=0))) == 1


def test_a_push_fits_a_frame() -> None:
    count = pushed(outbox([50_000] * 10, Credits(100, 10**7)))
    assert count * 50_000 * 4 / 3 < FRAME_BYTES_MAX
    assert count == 3


def test_an_entry_that_fits_no_frame_is_said_to() -> None:
    assert outbox([200_000], Credits(100, 10**7)).next_push() == TooLarge(1, 200_000)


def test_a_push_brings_a_limited_number_of_new_keys() -> None:
    sizes = [10] * (PUSH_KEYS_MAX + 5)
    box = outbox(sizes, Credits(1000, 10**6, 500), keys=[f"k{n}" for n in range(len(sizes))])
    assert pushed(box) == PUSH_KEYS_MAX


def test_what_was_refused_can_be_paid_again() -> None:
    box = outbox([100] * 3, Credits(3, 300))
    push = box.next_push()
    assert isinstance(push, Push)
    assert box.next_push() is None
    box.take_back(push)
    assert box.next_push() == Push(1, 3, bytes(32), 3, 300, ("k",))
