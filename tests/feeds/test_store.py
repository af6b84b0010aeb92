"""How a shard's rows are read for reporting: none skipped, none twice, page by page along indexes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from application_role import as_application
from octonext.feeds.domain import START, Cursor, Page, Reading
from octonext.feeds.store import SHARD_FEEDS, CopySource, dimension_source, shard_source
from octonext.runtime.sql import load_queries

WriteSale = Callable[..., Awaitable[None]]
FROM_THE_START = dict.fromkeys(SHARD_FEEDS, START)


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


def limited(dsn: str, **limits: int) -> CopySource:
    """A shard's source whose pages are short."""
    return CopySource(
        "kw-1", as_application(dsn), feeds=SHARD_FEEDS, probe="probe_shard", marks="shard_marks", **limits
    )


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
    source = limited(shard_dsn, rows_max=3)
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
    source = limited(shard_dsn, pushes_max=2)
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
    source = limited(shard_dsn, rows_max=2)
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
