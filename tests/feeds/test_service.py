"""The pump between real databases: what it does when one of them hangs, dies or goes back in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg

from application_role import as_application
from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor, Outcome, Page
from octonext.feeds.service import Pump, Sink
from octonext.feeds.store import SHARD_FEEDS, shard_source
from octonext.processes.cluster.server import PostgresServer
from octonext.processes.os_process import freeze, thaw

WriteSale = Callable[..., Awaitable[None]]
DEADLINE_S = 30


class MemorySink:
    """A sink as the rules ask for it, in memory: applies what starts at its cursor, refuses the rest."""

    def __init__(self) -> None:
        self.held: dict[str, Cursor] = {}
        self.rows: list[bytes] = []
        self.as_of: datetime | None = None
        self.failing: set[str] = set()

    async def cursors(self, _source: str, feeds: Sequence[str]) -> dict[str, Cursor]:
        return {feed: self.held.get(feed, START) for feed in feeds}

    async def apply(self, _source: str, pages: Sequence[Page], as_of: datetime | None) -> dict[str, Outcome]:
        self.as_of = as_of or self.as_of
        return {page.feed: self._take(page) for page in pages}

    def abort(self) -> None:
        """Nothing to drop."""

    def _take(self, page: Page) -> Outcome:
        held = self.held.get(page.feed, START)
        if page.feed in self.failing:
            return Outcome(held, applied=False, error="disk full")
        if page.start != held:
            return Outcome(held, applied=False)
        self.held[page.feed] = page.end
        self.rows += page.rows.splitlines()
        return Outcome(page.end, applied=True)


def pump(dsn: str, sink: Sink, *, round_timeout_s: float = 10) -> Pump:
    source = shard_source("kw-1", as_application(dsn))
    return Pump(
        source,
        sink,
        "memory",
        SHARD_FEEDS,
        SystemClock(),
        jitter=lambda: 0.5,
        round_timeout_s=round_timeout_s,
    )


async def reached(condition: Callable[[], bool]) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def running(*pumps: Pump, until: Callable[[], bool]) -> None:
    """Run pumps until a condition holds, with a deadline."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stop)) for each in pumps]
    try:
        await reached(until)
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_what_is_written_arrives_and_freshness_is_told(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    sink = MemorySink()
    await write_sale(shard, 1)
    carrying = pump(shard_dsn, sink)
    await running(carrying, until=lambda: len(sink.rows) == 1 and sink.as_of is not None)
    lag = carrying.lag_s()
    assert lag is not None
    assert lag < DEADLINE_S
    assert carrying.states["sale"].rows == 1


async def test_a_shard_that_hangs_delays_no_other_and_is_read_again_when_it_answers(
    shard: asyncpg.Connection, shard_dsn: str, new_shard: Callable[[], Awaitable[str]], write_sale: WriteSale
) -> None:
    other_dsn = await new_shard()
    other = await asyncpg.connect(other_dsn)
    await other.execute("SELECT ensure_month_partitions(current_date, 1)")
    await write_sale(shard, 1)
    await write_sale(other, 1)
    hanging_sink, sink = MemorySink(), MemorySink()
    hanging, healthy = pump(shard_dsn, hanging_sink, round_timeout_s=0.3), pump(other_dsn, sink)
    frozen = shard.transaction()
    await frozen.start()
    await shard.execute("LOCK TABLE sale IN ACCESS EXCLUSIVE MODE")

    stop = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stop)) for each in (hanging, healthy)]
    # Both shards are on one test server and share its watermark. An exclusive lock takes an xid, so
    # only what was written before it, as here, can be read meanwhile.
    await reached(lambda: bool(hanging.failures and sink.rows))
    assert "no answer within" in hanging.error
    assert healthy.failures == 0
    await frozen.rollback()
    await reached(lambda: bool(hanging_sink.rows))
    stop.set()
    await asyncio.gather(*tasks)
    await other.close()
    assert len(hanging_sink.rows) == len(sink.rows) == 1


async def test_a_frozen_server_is_given_up_and_found_again(
    shard: asyncpg.Connection, shard_dsn: str, shard_server: PostgresServer, write_sale: WriteSale
) -> None:
    sink = MemorySink()
    await write_sale(shard, 1)
    carrying = pump(shard_dsn, sink, round_timeout_s=0.5)
    stop = asyncio.Event()
    task = asyncio.create_task(carrying.run(stop))
    await reached(lambda: len(sink.rows) == 1)
    postmaster = int((shard_server.data_dir / "postmaster.pid").read_text().splitlines()[0])
    freeze(postmaster)
    try:
        await reached(lambda: carrying.failures >= 2)
        stop.set()
        # Cancelled politely, its statement would wait for the frozen server.
        await asyncio.wait_for(task, DEADLINE_S)
    finally:
        thaw(postmaster)
    await write_sale(shard, 2)
    await running(carrying, until=lambda: len(sink.rows) == 2)


async def test_one_failing_feed_does_not_hold_up_its_neighbours(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    sink = MemorySink()
    sink.failing.add("sale")
    await write_sale(shard, 1)
    await shard.execute("INSERT INTO device_head (branch_id, device_id) VALUES (7, 1)")
    carrying = pump(shard_dsn, sink)
    await running(carrying, until=lambda: "device" in sink.held and carrying.states["sale"].failures > 0)
    assert carrying.states["sale"].error == "disk full"
    assert sink.as_of is None
    sink.failing.clear()
    await running(carrying, until=lambda: "sale" in sink.held)
    assert carrying.states["sale"].error == ""


async def test_a_sink_that_was_reset_while_nothing_is_written_is_filled_again(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    sink = MemorySink()
    await write_sale(shard, 1)
    carrying = pump(shard_dsn, sink)
    stop = asyncio.Event()
    task = asyncio.create_task(carrying.run(stop))
    try:
        await reached(lambda: len(sink.rows) == 1 and sink.as_of is not None)
        sink.held.clear()
        sink.rows.clear()
        await reached(lambda: len(sink.rows) == 1)
    finally:
        stop.set()
        await task


async def test_two_pumps_on_one_feed_deliver_every_row_once(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    sink = MemorySink()
    pumps = pump(shard_dsn, sink), pump(shard_dsn, sink)
    written = 0

    async def write() -> None:
        nonlocal written
        for seq in range(1, 101):
            await write_sale(shard, seq)
            written = seq

    writing = asyncio.create_task(write())
    await running(*pumps, until=lambda: written == 100 and len(sink.rows) >= 100)
    await writing
    assert sorted(int(row.split(b"\t")[5]) for row in sink.rows) == list(range(1, 101))


async def test_a_source_restored_from_an_older_backup_is_not_read(
    shard: asyncpg.Connection, shard_dsn: str
) -> None:
    sink = MemorySink()
    sink.held = dict.fromkeys(SHARD_FEEDS, Cursor(2**60, 0))
    carrying = pump(shard_dsn, sink)
    await running(carrying, until=lambda: carrying.failures > 0)
    assert "It was restored" in carrying.error


async def test_a_source_that_went_back_is_found_for_ever_however_far_it_has_come_since(
    new_copy: Callable[[str], Awaitable[str]], shard_dsn: str, write_sale: WriteSale
) -> None:
    """Both databases count transactions together, so the copy is past the cursor from the beginning."""
    original = await asyncpg.connect(shard_dsn)
    await original.execute("SELECT ensure_month_partitions(current_date, 1)")
    await write_sale(original, 1)
    await original.close()
    copy_dsn = await new_copy(shard_dsn)
    original, copy = await asyncpg.connect(shard_dsn), await asyncpg.connect(copy_dsn)
    await write_sale(original, 2)
    sink = MemorySink()
    await running(pump(shard_dsn, sink), until=lambda: len(sink.rows) == 2)

    restored = pump(copy_dsn, sink)
    for seq in (2, 3, 4):
        await write_sale(copy, seq)
    await running(restored, until=lambda: restored.failures >= 3)
    assert [restored.went_back] == [True]
    assert "octonext feeds reset --source kw-1" in restored.error
    assert len(sink.rows) == 2

    # The remedy: the sink forgets what it read.
    sink.held.clear()
    sink.rows.clear()
    await running(restored, until=lambda: len(sink.rows) == 4)
    assert not restored.went_back
    await original.close()
    await copy.close()


async def test_a_copy_that_lacks_nothing_of_what_was_read_is_read_on(
    new_copy: Callable[[str], Awaitable[str]], shard_dsn: str, write_sale: WriteSale
) -> None:
    original = await asyncpg.connect(shard_dsn)
    await original.execute("SELECT ensure_month_partitions(current_date, 1)")
    await write_sale(original, 1)
    sink = MemorySink()
    reading = pump(shard_dsn, sink)
    await running(reading, until=lambda: len(sink.rows) == 1)
    await original.close()
    copy_dsn = await new_copy(shard_dsn)
    copy = await asyncpg.connect(copy_dsn)
    await write_sale(copy, 2)
    await running(pump(copy_dsn, sink), until=lambda: len(sink.rows) == 2)
    await copy.close()


async def test_a_pump_stops_at_once_although_its_source_is_gone(shard_dsn: str) -> None:
    gone = pump(shard_dsn.replace("/test_", "/gone_"), MemorySink())
    await running(gone, until=lambda: gone.failures > 0)
    assert "DatabaseUnreachable" in gone.error
