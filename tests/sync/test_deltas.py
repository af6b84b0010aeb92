"""What tills read of the reference stands in nobody's way who sells."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any
from uuid import UUID

import msgspec
import pytest

from octonext.sales.entries import CustomerSaved
from octonext.shards.lane import QUEUE_MAX
from octonext.sync.domain import START, MarkedCursor
from octonext.sync.messages import FRAME_BYTES_MAX, PACKED_ROWS_MAX, Ack, Delta, encode
from octonext.sync.packing import unpack
from octonext.sync.service import TillSession, deltas
from octonext.sync.service.deltas import (
    CUSTOMERS,
    DELTAS_AT_ONCE,
    REFERENCE,
    Feed,
    PackedPages,
    parse_cursor,
    reach,
)
from octonext.sync.store import ReferenceRow

from .conftest import JournalWriter, Shard, fill


async def test_a_new_price_that_wakes_more_tills_than_the_queue_holds_refuses_nobody(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await shard.put_reference("product", "p1", {"product_id": "p1"})
    await shard.sync.refresh()
    session = await shard.connect(till)
    till.open_shift()
    awake = [asyncio.ensure_future(shard.sync.delta(session, START)) for _ in range(QUEUE_MAX + 88)]
    await asyncio.sleep(0)  # every till asks before the sale comes
    assert isinstance(await shard.sync.push(session, till.push()), Ack)
    assert not all(each.done() for each in awake)
    assert all(delta is not None and delta.rows for delta in await asyncio.gather(*awake))


async def test_deltas_bring_a_till_up_to_date_and_later_only_changes(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    for number in range(1200):
        await shard.put_reference("product", f"p{number:04}", {"product_id": f"p{number:04}"})
    await shard.sync.refresh()
    session = await shard.connect(till)
    cursor, keys, pages = START, set(), 0
    while (delta := await shard.sync.delta(session, cursor)) is not None:
        keys |= {row.key for row in delta.rows if row.kind == "product"}
        assert all(row.kind != "device" for row in delta.rows)
        cursor = parse_cursor(delta.cursor)
        pages += 1
    assert (len(keys), pages) == (1200, 3)
    await shard.put_reference("product", "p0007", None)
    assert await shard.sync.delta(session, cursor) is None
    await shard.sync.refresh()
    delta = await shard.sync.delta(session, cursor)
    assert delta is not None
    assert [(row.key, bytes(row.value)) for row in delta.rows] == [("p0007", b"null")]


async def follow(
    shard: Shard,
    session: TillSession,
    after: MarkedCursor = START,
    *,
    feed: Feed = REFERENCE,
    pages: int = 99,
) -> tuple[dict[str, bytes], MarkedCursor, list[Delta]]:
    """What a till that can unpack holds after so many pages, where it is, and the pages."""
    rows: dict[str, bytes] = {}
    taken: list[Delta] = []
    while len(taken) < pages:
        delta = await shard.sync.delta(session, after, feed=feed, packed=True)
        if delta is None:
            break
        taken.append(delta)
        assert delta.rows == []
        assert len(encode(delta)) <= FRAME_BYTES_MAX
        for row in unpack(delta.packed) if delta.packed is not None else ():
            rows[row.key] = bytes(row.value)
        after = parse_cursor(delta.cursor)
    return rows, after, taken


async def test_a_new_till_gets_packed_pages_that_tell_what_is_left_and_goes_on_where_it_was(
    shard: Shard, till: JournalWriter
) -> None:
    await shard.enrol(till)
    await fill(shard, 12_000)
    session = await shard.connect(till)
    first, cursor, pages = await follow(shard, session, pages=1)
    assert pages[0].more
    assert pages[0].left is not None
    assert len(first) > 1_000
    known = await shard.value("SELECT count(*) FROM reference WHERE kind IN ('branch', 'tax', 'product')")
    assert pages[0].left == known - len(first)
    rest, end, pages = await follow(shard, session, cursor)
    assert [page.left for page in pages] == sorted((page.left or 0 for page in pages), reverse=True)
    assert (pages[-1].more, pages[-1].left) == (False, 0)
    assert len({**first, **rest}) == known
    assert not first.keys() & rest.keys()
    assert end == shard.sync.mirror.head
    # later only what changes
    await shard.put_reference("product", "new", {"product_id": "new"})
    await shard.sync.refresh()
    changed, _, _ = await follow(shard, session, end)
    assert set(changed) == {"new"}


async def test_rows_that_do_not_fit_into_a_frame_are_not_read_again_and_again(
    shard: Shard, till: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shard.enrol(till)
    await fill(shard, 12_000)
    known = await shard.value("SELECT count(*) FROM reference WHERE kind IN ('branch', 'tax', 'product')")
    # frames of some 1,000 rows, so that a catalogue of this size takes many
    monkeypatch.setattr(deltas, "PACKED_BYTES_MAX", 60_000)
    read: list[int] = []

    async def page(*arguments: Any, **named: Any) -> list[ReferenceRow]:
        rows = await REFERENCE.page(*arguments, **named)
        read.append(len(rows))
        return rows

    counted = dataclasses.replace(REFERENCE, page=page)
    rows, _, pages = await follow(shard, await shard.connect(till), feed=counted)
    assert len(rows) == known
    assert len(pages) > 8
    # the first page is read without knowing how much fits
    assert sum(read) - read[0] < known * 1.5


def test_as_many_rows_are_read_as_the_last_frame_took_and_a_few_more() -> None:
    assert reach(PACKED_ROWS_MAX, 1_600) == 1_800
    assert reach(PACKED_ROWS_MAX, 4_000) == 4_500
    assert reach(1_800, 1) == 201
    # all of them fitted: there may be room for more
    assert reach(1_800, 1_800) == 2_701
    assert reach(1, 1) == 2
    assert reach(4_000, 4_000) == PACKED_ROWS_MAX


async def test_the_tills_of_a_branch_share_pages_and_a_change_makes_them_anew(
    shard: Shard, till: JournalWriter
) -> None:
    other = JournalWriter(device=2)
    await shard.enrol(till, other)
    await fill(shard, 300)
    sessions = [await shard.connect(each) for each in (till, other)]
    pages = await asyncio.gather(*(shard.sync.delta(session, START, packed=True) for session in sessions * 5))
    # two read at the same time; whoever comes after them is given what they made
    assert len({id(page) for page in pages}) <= DELTAS_AT_ONCE
    kept = await shard.sync.delta(sessions[1], START, packed=True)
    assert any(page is kept for page in pages)
    await shard.put_reference("product", "new", {"product_id": "new"})
    await shard.sync.refresh()
    assert await shard.sync.delta(sessions[0], START, packed=True) is not kept
    plain = await shard.sync.delta(sessions[0], START)
    assert plain is not None
    assert plain.packed is None
    assert plain.rows


def test_pages_are_dropped_when_they_take_too_much_room() -> None:
    kept = PackedPages(bytes_max=1_000)
    pages = [Delta(feed="reference", cursor=str(n), packed=b"x" * 400, more=False) for n in range(3)]
    keys = [("kw-1", "reference", 1, str(n), "h") for n in range(3)]
    kept.put(keys[0], pages[0])
    kept.put(keys[1], pages[1])
    assert kept.get(keys[0]) is pages[0]
    kept.put(keys[2], pages[2])
    assert [kept.get(key) for key in keys] == [pages[0], None, pages[2]]
    kept.put(keys[0], Delta(feed="reference", cursor="", packed=b"x" * 2_000, more=False))
    assert [kept.get(key) for key in keys] == [None, None, None]


async def test_customers_come_in_a_feed_of_their_own_to_every_branch_of_the_shard(
    shard: Shard, till: JournalWriter
) -> None:
    other = JournalWriter(branch=2, device=2)
    await shard.enrol(till, other)
    far, near = await shard.connect(other), await shard.connect(till)
    assert await shard.sync.delta(far, START, feed=CUSTOMERS) is None
    till.open_shift()
    who = UUID(int=7)
    till.write(CustomerSaved(**till.common(), customer=who, name="فهد", phone="1"))
    assert isinstance(await shard.sync.push(near, till.push()), Ack)
    await shard.sync.refresh()
    rows, cursor, _ = await follow(shard, far, feed=CUSTOMERS)
    assert {key: msgspec.json.decode(value) for key, value in rows.items()} == {
        str(who): {
            "customer_id": str(who), "name": "فهد", "phone": "1", "email": None, "vat_number": None,
            "note": None,
        }
    }  # fmt: skip
    assert await shard.sync.delta(far, cursor, feed=CUSTOMERS) is None
    till.write(CustomerSaved(**till.common(), customer=who, name="Fahad"))
    assert isinstance(await shard.sync.push(near, till.push(3)), Ack)
    await shard.sync.refresh()
    rows, _, _ = await follow(shard, far, cursor, feed=CUSTOMERS)
    assert b"Fahad" in rows[str(who)]
    # a cursor of another history begins again
    lost = MarkedCursor(cursor.place, "0123456789ab")
    assert (await follow(shard, far, lost, feed=CUSTOMERS))[0].keys() == {str(who)}
