from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor, Page, Reading
from octonext.feeds.service import Pump
from octonext.feeds.store import (
    REFERENCE_FEEDS,
    SHARD_FEEDS,
    CopySource,
    ReferenceSink,
    ReferenceSource,
    RegionUnknown,
    dimension_source,
    refill_reference,
    shard_source,
)
from octonext.processes.status.report import region_waited_for
from octonext.runtime.sql import load_queries

WriteSale = Callable[..., Awaitable[None]]
FROM_THE_START = dict.fromkeys(SHARD_FEEDS, START)


def as_application(dsn: str) -> str:
    return dsn.replace("://octonext@", "://octonext_app@", 1)


def the_sales(reading: Reading) -> Page:
    """The page of sales; those of the other feeds have no rows, only pushes to pass."""
    assert {page.feed: page.count for page in reading.pages if page.feed != "sale"} == dict.fromkeys(
        ("sale_line", "payment", "movement", "ledger"), 0
    )
    (page,) = (page for page in reading.pages if page.feed == "sale")
    return page


def sale_seqs(pages: tuple[Page, ...]) -> list[int]:
    return [
        int(line.split(b"\t")[5]) for page in pages if page.feed == "sale" for line in page.rows.splitlines()
    ]


async def test_an_empty_shard_has_nothing_to_tell(shard: asyncpg.Connection, shard_dsn: str) -> None:
    source = shard_source("kw-1", as_application(shard_dsn))
    reading = await source.read(FROM_THE_START)
    assert reading.pages == ()
    assert reading.drained
    assert reading.snapshot.xmin == reading.snapshot.xmax
    source.abort()


async def test_a_row_committed_late_by_an_older_transaction_is_not_skipped(
    shard: asyncpg.Connection,
    other_connection: asyncpg.Connection,
    shard_dsn: str,
    write_sale: WriteSale,
) -> None:
    source = shard_source("kw-1", as_application(shard_dsn))
    older = other_connection.transaction()
    await older.start()
    await write_sale(other_connection, 1, device=2)
    await write_sale(shard, 1, device=1)

    early = await source.read(FROM_THE_START)
    # The younger sale is committed and visible, but an older one is still open: not yet.
    assert early.pages == ()
    assert early.snapshot.xmin < early.snapshot.xmax

    await older.commit()
    reading = await source.read(FROM_THE_START)
    page = the_sales(reading)
    assert page.count == 2
    assert [line.split(b"\t")[4] for line in page.rows.splitlines()] == [b"2", b"1"]
    ends = {each.feed: each.end for each in reading.pages}
    assert (await source.read({**FROM_THE_START, **ends})).pages == ()
    source.abort()


async def test_a_backlog_is_read_in_pages_that_join_without_gap_or_overlap(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await write_sale(shard, 1, through=5)
    for seq in range(6, 8):
        await write_sale(shard, seq)
    source = CopySource(
        "kw-1",
        as_application(shard_dsn),
        feeds=SHARD_FEEDS,
        probe="probe_shard",
        marks="shard_marks",
        rows_max=3,
    )
    cursors: dict[str, Cursor] = {"sale": START}
    seen: list[int] = []
    full: list[bool] = []
    for _ in range(3):
        (page,) = (await source.read(cursors)).pages
        assert page.start == cursors["sale"]
        cursors["sale"] = page.end
        seen += sale_seqs((page,))
        full.append(page.full)
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert full == [True, True, False]
    source.abort()


async def test_a_page_passes_pushes_without_rows_of_its_kind_and_says_that_more_wait(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    """Else a till that only opens its drawer would be walked over again at every look."""
    for seq in range(1, 4):
        await write_sale(shard, seq)
    source = CopySource(
        "kw-1",
        as_application(shard_dsn),
        feeds=SHARD_FEEDS,
        probe="probe_shard",
        marks="shard_marks",
        pushes_max=2,
    )
    cursor, found = START, []
    for _ in range(2):
        (page,) = (await source.read({"payment": cursor})).pages
        assert page.end > page.start == cursor
        cursor = page.end
        found.append((page.count, page.rows, page.full))
    assert found == [(0, b"", True), (0, b"", False)]
    assert (await source.read({"payment": cursor})).pages == ()
    source.abort()


async def test_a_page_may_end_within_a_push_and_the_next_one_goes_on_there(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await write_sale(shard, 1, through=3)
    await write_sale(shard, 1, device=2)
    source = CopySource(
        "kw-1",
        as_application(shard_dsn),
        feeds=SHARD_FEEDS,
        probe="probe_shard",
        marks="shard_marks",
        rows_max=2,
    )
    (first,) = (await source.read({"sale": START})).pages
    assert first.end.id == 2 * 4096
    (second,) = (await source.read({"sale": first.end})).pages
    assert sale_seqs((first, second)) == [1, 2, 3, 1]
    source.abort()


@pytest.mark.parametrize("feed", ["sale", "sale_line", "payment", "movement", "ledger"])
async def test_a_page_is_walked_along_indexes_and_sorted_push_by_push_without_any_statistics(
    shard: asyncpg.Connection, feed: str
) -> None:
    """Sorting all that waits for the sake of one page would make a long backlog longer with every page."""
    await shard.execute(
        "INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)"
        " SELECT 1, 1, n, n, sha256('push'), now() FROM generate_series(1, 20000) n"
    )
    statement = load_queries("octonext.feeds")[f"copy_{feed}"]
    for place, value in enumerate(("'1'", "0", "100", "'kw-1'", "'99999999'"), start=1):
        statement = statement.replace(f"${place}::", f"{value}::")
    async with shard.transaction():
        await shard.execute(load_queries("octonext.feeds")["walk_indexes"])
        plan = [row[0] for row in await shard.fetch(f"EXPLAIN {statement}")]
    nodes = [line for line in plan if "Sort  (" in line or "Scan" in line]
    assert any("Incremental Sort  (" in line for line in nodes), plan
    assert not [line for line in nodes if "Sort  (" in line and "Incremental" not in line], plan
    assert any("Index Scan using push_feed" in line for line in nodes), plan
    assert not [line for line in nodes if "Seq Scan" in line and "reference" not in line], plan


async def test_hours_are_told_on_the_wall_clock_of_the_branch(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await shard.execute(
        "INSERT INTO reference (kind, key, payload) VALUES ('branch', '7', $1)",
        json.dumps({"time_zone": "Asia/Kuwait"}),
    )
    await write_sale(shard, 1, at=datetime(2026, 3, 1, 21, 30, tzinfo=UTC))
    source = shard_source("kw-1", as_application(shard_dsn))
    page = the_sales(await source.read(FROM_THE_START))
    fields = page.rows.split(b"\t")
    assert fields[9] == b"2026-03-01 21:30:00"
    assert fields[10] == b"2026-03-02 00:30:00"
    source.abort()


async def test_a_till_clock_beyond_all_calendars_does_not_stop_the_feed(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await write_sale(shard, 1, at=datetime(9999, 1, 1, tzinfo=UTC))
    source = shard_source("kw-1", as_application(shard_dsn))
    page = the_sales(await source.read(FROM_THE_START))
    fields = page.rows.split(b"\t")
    assert fields[9] == b"2290-01-01 00:00:00"
    assert fields[11] == b"\\N"
    source.abort()


async def test_people_and_prices_do_not_travel_to_reporting(
    shard: asyncpg.Connection, shard_dsn: str
) -> None:
    # The reference has one form at HQ and on shards, so a shard's copy can stand in for HQ here.
    await shard.execute(
        """INSERT INTO reference (kind, key, payload) VALUES
             ('product', '0199c0de-0000-7000-8000-000000000001',
              '{"sku": "DATES-1", "name_en": "Dates", "name_ar": "تمر", "unit": "kg"}'),
             ('cashier', '0199c0de-0000-7000-8000-000000000002',
              '{"name_en": "Fatima", "pin_hash": "argon2id", "code": "F1"}')"""
    )
    source = dimension_source(as_application(shard_dsn))
    (page,) = (await source.read({"dimension": START})).pages
    assert page.count == 2
    assert "تمر".encode() in page.rows
    assert b"Fatima" not in page.rows
    assert b"argon2id" not in page.rows
    assert b"000000000002" not in page.rows
    source.abort()


async def _publish(
    connection: asyncpg.Connection, kind: str, key: str, region: int | None, **payload: object
) -> None:
    await connection.execute(
        """INSERT INTO reference (kind, key, region_id, payload) VALUES ($1, $2, $3, $4)
           ON CONFLICT (kind, key) DO UPDATE
           SET payload = excluded.payload, xid = excluded.xid, id = excluded.id""",
        kind,
        key,
        region,
        json.dumps(payload),
    )


@pytest.fixture
def two_shards(new_shard: Callable[[], Awaitable[str]]) -> Callable[[], Awaitable[tuple[str, str]]]:
    """Addresses of a stand-in for HQ (the reference has the same form there) and of a shard."""

    async def make() -> tuple[str, str]:
        return await new_shard(), await new_shard()

    return make


async def test_master_data_reaches_the_shard_of_its_region_only_and_exactly_once(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    hq_dsn, shard_dsn = await two_shards()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    try:
        await _publish(hq, "region", "1", None, region_id=1, code="KW")
        await _publish(hq, "region", "2", None, region_id=2, code="SA")
        await _publish(hq, "price", "kw", 1, amount=1250)
        await _publish(hq, "price", "sa", 2, amount=1500)
        source = ReferenceSource(as_application(hq_dsn), "KW")
        sink = ReferenceSink(as_application(shard_dsn))
        assert await sink.cursors("hq", ["reference"]) == {"reference": START}
        (page,) = (await source.read({"reference": START})).pages

        outcome = (await sink.apply("hq", [page], None))["reference"]
        assert outcome.applied
        assert outcome.cursor == page.end
        assert (
            await shard.fetchval("SELECT string_agg(key, ' ' ORDER BY kind, key) FROM reference") == "kw 1 2"
        )

        again = (await sink.apply("hq", [page], None))["reference"]
        assert not again.applied
        assert not again.error
        assert again.cursor == page.end
        assert (await source.read({"reference": page.end})).pages == ()
        source.abort()
        sink.abort()
    finally:
        await hq.close()
        await shard.close()


async def test_a_region_that_hq_does_not_know_is_said_by_name(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    hq_dsn, _ = await two_shards()
    hq = await asyncpg.connect(hq_dsn)
    await _publish(hq, "region", "1", None, region_id=1, code="KW")
    await hq.close()
    source = ReferenceSource(as_application(hq_dsn), "QA")
    with pytest.raises(RegionUnknown) as refused:
        await source.read({"reference": START})
    source.abort()
    # As the relay tells it, and `octonext status` understands it.
    assert region_waited_for({"last_error": f"RegionUnknown: {refused.value}"}) == "QA"


async def test_a_page_of_other_regions_only_still_moves_the_cursor(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    hq_dsn, shard_dsn = await two_shards()
    hq = await asyncpg.connect(hq_dsn)
    await _publish(hq, "region", "1", None, region_id=1, code="KW")
    for n in range(5):
        await _publish(hq, "price", f"sa-{n}", 2, amount=n)
    await hq.close()
    source = ReferenceSource(as_application(hq_dsn), "KW", rows_max=2)
    sink = ReferenceSink(as_application(shard_dsn))
    cursor = START
    for _ in range(3):
        (page,) = (await source.read({"reference": cursor})).pages
        cursor = (await sink.apply("hq", [page], None))["reference"].cursor
    assert (await source.read({"reference": cursor})).pages == ()
    assert isinstance(cursor, Cursor)
    source.abort()
    sink.abort()


async def test_after_a_refill_a_shard_has_only_what_head_office_knows_and_tells_its_tills_so(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    """Head office was restored: a price and a till of today are not in yesterday's copy."""
    hq_dsn, shard_dsn = await two_shards()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    await _publish(hq, "region", "1", None, region_id=1, code="KW")
    for n in range(4):
        await _publish(hq, "price", f"kw-{n}", 1, amount=n)
    await shard.execute("INSERT INTO device_head (branch_id, device_id) VALUES (3, 9)")
    for kind, key in (("price", "forgotten"), ("device", "9"), ("branch", "3")):
        await shard.execute("INSERT INTO reference (kind, key, payload) VALUES ($1, $2, '{}')", kind, key)
    await shard.execute("INSERT INTO feed_cursor (feed, xid, id, mark) VALUES ('reference', '9', 9, 'ff')")
    await refill_reference(shard)
    source = ReferenceSource(as_application(hq_dsn), "KW", rows_max=2)
    sink = ReferenceSink(as_application(shard_dsn))
    gone = "SELECT string_agg(kind || ' ' || key, ', ') FROM reference WHERE payload IS NULL"
    cursor, pages = (await sink.cursors("hq", ("reference",)))["reference"], 0
    while reading := (await source.read({"reference": cursor})).pages:
        assert await shard.fetchval(gone) is None
        cursor = (await sink.apply("hq", reading, None))["reference"].cursor
        pages += 1
    assert pages == 3
    # The price moved to the end of the tills' feed; the till stays, for more of its sales are to come.
    assert await shard.fetchval(gone) == "price forgotten"
    assert await shard.fetchval("SELECT key FROM reference ORDER BY xid DESC, id DESC LIMIT 1") == "forgotten"
    assert await shard.fetchval("SELECT count(*) FROM reference") == 8
    source.abort()
    sink.abort()
    await hq.close()
    await shard.close()


async def test_a_shard_that_forgot_its_cursor_takes_head_offices_rows_again(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    """What the remedy of FeedWentBack promises."""
    hq_dsn, shard_dsn = await two_shards()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    await _publish(hq, "region", "1", None, region_id=1, code="KW")
    source = ReferenceSource(as_application(hq_dsn), "KW")
    sink = ReferenceSink(as_application(shard_dsn))
    pages = (await source.read({"reference": START})).pages
    assert (await sink.apply("hq", pages, None))["reference"].applied
    await refill_reference(shard)
    assert await sink.cursors("hq", ("reference",)) == {"reference": START}
    assert (await sink.apply("hq", pages, None))["reference"].applied
    assert await shard.fetchval("SELECT count(*) FROM reference") == 1
    source.abort()
    sink.abort()
    await hq.close()
    await shard.close()


async def test_a_shard_that_is_to_be_filled_again_is_noticed_while_head_office_is_quiet(
    two_shards: Callable[[], Awaitable[tuple[str, str]]],
) -> None:
    hq_dsn, shard_dsn = await two_shards()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    await _publish(hq, "region", "1", None, region_id=1, code="KW")
    carrying = Pump(
        ReferenceSource(as_application(hq_dsn), "KW"),
        ReferenceSink(as_application(shard_dsn)),
        "shard",
        REFERENCE_FEEDS,
        SystemClock(),
    )
    stop = asyncio.Event()
    running = asyncio.ensure_future(carrying.run(stop))
    place = "SELECT xid::text FROM feed_cursor WHERE feed = 'reference' AND xid > '0'"
    async with asyncio.timeout(20):
        while not await shard.fetchval(place):
            await asyncio.sleep(0.01)
        await refill_reference(shard)
        while not await shard.fetchval(place):
            await asyncio.sleep(0.01)
    stop.set()
    await running
    await hq.close()
    await shard.close()
