from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from octonext.feeds.domain import START, Cursor, Page
from octonext.feeds.store import (
    SHARD_FEEDS,
    CopySource,
    ReferenceSink,
    ReferenceSource,
    RegionUnknown,
    dimension_source,
    shard_source,
)
from octonext.processes.status.report import region_waited_for

WriteSale = Callable[..., Awaitable[None]]
FROM_THE_START = dict.fromkeys(SHARD_FEEDS, START)


def as_application(dsn: str) -> str:
    return dsn.replace("://octonext@", "://octonext_app@", 1)


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
    (page,) = (await source.read(FROM_THE_START)).pages
    assert page.count == 2
    assert [line.split(b"\t")[4] for line in page.rows.splitlines()] == [b"2", b"1"]
    assert (await source.read({**FROM_THE_START, "sale": page.end})).pages == ()
    source.abort()


async def test_a_backlog_is_read_in_pages_that_join_without_gap_or_overlap(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    async with shard.transaction():
        for seq in range(1, 6):
            await write_sale(shard, seq)
    for seq in range(6, 8):
        await write_sale(shard, seq)
    source = CopySource("kw-1", as_application(shard_dsn), feeds=SHARD_FEEDS, probe="probe_shard", rows_max=3)
    cursors, seen, full = dict(FROM_THE_START), [], []
    for _ in range(3):
        (page,) = (await source.read(cursors)).pages
        assert page.start == cursors["sale"]
        cursors["sale"] = page.end
        seen += sale_seqs((page,))
        full.append(page.full)
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert full == [True, True, False]
    source.abort()


async def test_hours_are_told_on_the_wall_clock_of_the_branch(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await shard.execute(
        "INSERT INTO reference (kind, key, payload) VALUES ('branch', '7', $1)",
        json.dumps({"time_zone": "Asia/Kuwait"}),
    )
    await write_sale(shard, 1, at=datetime(2026, 3, 1, 21, 30, tzinfo=UTC))
    source = shard_source("kw-1", as_application(shard_dsn))
    (page,) = (await source.read(FROM_THE_START)).pages
    fields = page.rows.split(b"\t")
    assert fields[9] == b"2026-03-01 21:30:00"
    assert fields[10] == b"2026-03-02 00:30:00"
    source.abort()


async def test_a_till_clock_beyond_all_calendars_does_not_stop_the_feed(
    shard: asyncpg.Connection, shard_dsn: str, write_sale: WriteSale
) -> None:
    await write_sale(shard, 1, at=datetime(9999, 1, 1, tzinfo=UTC))
    source = shard_source("kw-1", as_application(shard_dsn))
    (page,) = (await source.read(FROM_THE_START)).pages
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
    await shard.execute("DELETE FROM feed_cursor")
    assert await sink.cursors("hq", ("reference",)) == {"reference": START}
    assert (await sink.apply("hq", pages, None))["reference"].applied
    assert await shard.fetchval("SELECT count(*) FROM reference") == 1
    source.abort()
    sink.abort()
    await hq.close()
    await shard.close()
