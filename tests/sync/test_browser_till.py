"""What a browser's till needs beyond the till of the command line, over a real line."""

from __future__ import annotations

from octonext.sync.messages import (
    Ack,
    Delta,
    DeltaAck,
    Nack,
    Refused,
    Rescue,
    Rescued,
    RescuedPush,
)
from octonext.sync.packing import unpack
from octonext.sync.receipt_messages import FindReceipt, ReceiptFound

from .conftest import MILK, JournalWriter, Shard, fill
from .gateway import Gateway, Line


async def take(line: Line, *, pages: int) -> tuple[set[str], dict[str, str], bool]:
    """Store up to so many deltas; the keys, the cursors, and whether more were announced at the end."""
    keys: set[str] = set()
    cursors: dict[str, str] = {}
    more = True
    for _ in range(pages):
        delta = await line.receive()
        assert isinstance(delta, Delta), delta
        assert delta.packed is not None
        keys |= {f"{row.kind} {row.key}" for row in unpack(delta.packed)}
        cursors[delta.feed], more = delta.cursor, delta.more
        await line.send(DeltaAck(feed=delta.feed, cursor=delta.cursor))
        if not more and len(cursors) == 1:
            break
    return keys, cursors, more


async def test_a_new_till_is_filled_in_few_frames_and_an_interrupted_one_goes_on(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await fill(shard, 9_000)
    wants = {"accepts": ["deflate", "something new"]}
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": ""}, **wants)
        first, cursors, more = await take(line, pages=1)
        assert more
        await line.send(FindReceipt(id=1, branch=1, device=1, seq=1))  # in order, and after the ack is read
        while not isinstance(await line.receive(), ReceiptFound):
            pass
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": cursors["reference"], "unknown": ""}, **wants)
        rest, _, more = await take(line, pages=50)
    assert not more
    assert not first & rest
    assert sum(key.startswith("product ") for key in first | rest) == 9_000


async def test_a_till_that_says_nothing_of_it_is_sent_plain_rows(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": ""})
        delta = await line.receive()
        assert isinstance(delta, Delta)
        assert delta.rows
        assert delta.packed is None


async def test_an_ack_of_the_other_feeds_cursor_is_out_of_turn(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    async with gateway.line() as line:
        await line.hello(till, cursors={"reference": "", "customers": ""})
        delta = await line.receive()
        assert isinstance(delta, Delta)
        await line.send(DeltaAck(feed="customers", cursor=delta.cursor))
        answer = await line.receive()
        assert isinstance(answer, Nack)
        assert answer.reason == "bad_frame"


async def test_requests_are_answered_on_the_line_and_leave_it_open(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    lost = JournalWriter(device=2)
    await shard.enrol(till, lost)
    lost.open_shift()
    sold = lost.sell((MILK, 2))
    push = lost.push()
    body = RescuedPush(
        first=push.first, prev=push.prev, entries=push.entries, keys=push.keys, signature=push.signature
    )
    async with gateway.line() as line:
        await line.hello(till)
        await line.send(FindReceipt(id=1, branch=1, device=2, seq=sold))
        assert await line.receive() == ReceiptFound(id=1, receipt=None)
        await line.send(Rescue(id=2, device=99, push=body))
        refused = await line.receive()
        assert isinstance(refused, Refused)
        assert (refused.id, refused.reason) == (2, "unknown_device")
        await line.send(Rescue(id=3, device=2, push=body))
        assert await line.receive() == Rescued(id=3, acked=lost.head, outcomes=["posted"] * 2)
        await line.send(FindReceipt(id=4, branch=1, device=2, seq=sold))
        answer = await line.receive()
        assert isinstance(answer, ReceiptFound)
        assert answer.receipt is not None
        assert answer.receipt.lines[0].product == MILK
        # and it still sells
        till.open_shift()
        await line.send(till.push())
        assert isinstance(await line.receive(), Ack)


async def test_a_till_on_the_line_counts_as_heard(
    gateway: Gateway, shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    assert gateway.sync.tills_of(shard.sync) == []
    async with gateway.line() as line:
        await line.hello(till)
        assert gateway.sync.tills_of(shard.sync) == [(1, 1)]
