"""The model of the OLAP store against chDB under the real reporting service, and what its crashes leave."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor, Page
from octonext.feeds.store import SHARD_FEEDS
from octonext.processes.simulate.database.dialling import SimulatedCopySource
from octonext.processes.simulate.database.olap import OlapDatabase
from octonext.processes.simulate.database.shard import ShardDatabase
from octonext.reporting.domain.batches import TABLES, Delivery
from octonext.reporting.service import Reporting
from octonext.reporting.store import Chdb, Olap, OlapUnavailable

from .histories import History
from .paces import HeldPace, QuietPace, settle
from .twins import in_transaction, outcome

ROUNDS = 5
_ZEROS = re.compile(r"(\.\d*?)0+$")


async def deliveries(seed: int) -> list[Delivery]:
    """What a relay finds at a shard on which a random history is written."""
    shard, history = ShardDatabase("kw-1", pace=QuietPace()), History(seed)
    connection: Any = await shard.database.connect()
    source = SimulatedCopySource(
        "kw-1", shard.database, feeds=SHARD_FEEDS, probe="probe_shard", marks="shard_marks", rows_max=40
    )
    cursors = dict.fromkeys(SHARD_FEEDS, START)
    found: list[Delivery] = []
    while len(found) < ROUNDS:
        for _ in range(12):
            await outcome(in_transaction(connection, history.call()))
        pages = (await source.read(cursors)).pages
        cursors |= {page.feed: page.end for page in pages}
        found.append(Delivery(pages, datetime(2026, 3, 1, minute=len(found), tzinfo=UTC)))
    return found


class Store:
    """One of the two stores under the real service, which may be restarted."""

    def __init__(self, olap: Any) -> None:
        self.olap = olap
        self.reporting: Reporting

    async def restart(self) -> None:
        self.reporting = Reporting(cast("Olap", self.olap), SystemClock())
        await self.reporting.start()

    async def do(self, what: str, delivery: Delivery) -> Any:
        if what == "tear":
            # rows on disk, cursor not
            for page in delivery.pages:
                await self.olap.insert(TABLES[page.feed], page.rows)
            return await self.restart()
        if what == "restart":
            return await self.restart()
        if what == "reset":
            return await self.reporting.reset("kw-1")
        if what == "as_of":
            return await self.olap.record_as_of("kw-1", delivery.as_of)
        outcomes = await self.reporting.take("kw-1", delivery)
        return {feed: (str(each.cursor), each.applied, each.error) for feed, each in outcomes.items()}


async def test_the_same_deliveries_leave_the_same_rows_and_cursors(tmp_path: Path) -> None:
    found = await deliveries(51)
    chdb = await Olap.open(Chdb(tmp_path / "chdb"))
    real, model = Store(chdb), Store(OlapDatabase(pace=QuietPace()))
    steps: list[tuple[str, Delivery]] = [("restart", found[0])]
    for number, delivery in enumerate(found):
        steps.append(("take", delivery))
        steps.append(("take", found[max(0, number - 1)]))
        if number % 3 == 1 and number + 2 < len(found):
            steps += [("take", found[number + 2]), ("tear", found[number + 1]), ("as_of", delivery)]
        if number == ROUNDS // 2:
            steps += [
                ("reset", delivery),
                ("restart", delivery),
                *(("take", each) for each in found[:number]),
            ]
            steps.append(("take", delivery))
    try:
        for what, delivery in steps:
            assert await model.do(what, delivery) == await real.do(what, delivery), what
            assert await model.olap.cursors() == await chdb.cursors()
            assert await model.olap.as_of() == await chdb.as_of()
        for name, table in TABLES.items():
            columns = ", ".join(table.columns)
            final = "FINAL" if table.compacted else ""
            query = f"SELECT {columns} FROM {name} {final} ORDER BY source, feed_xid, feed_id"  # noqa: S608
            text = await chdb._writers.run(raw(query))
            rows = [
                dict(zip(table.columns, line.split("\t"), strict=True)) for line in text.decode().splitlines()
            ]
            assert [plain(row) for row in model.olap.rows(name)] == [plain(row) for row in rows], name
            assert rows or name in {"dimension", "seal"}
    finally:
        await chdb.close()


def raw(query: str) -> Callable[[Any], bytes]:
    """The answer to a query as the store writes it."""

    def work(client: Any) -> bytes:
        text: bytes = client.raw_query(query, fmt="TabSeparated")
        return text

    return work


def plain(row: dict[str, Any]) -> dict[str, str]:
    """The text of each value without what the two write differently: zeros, truth and NULL."""
    words = {"None": "\\N", "t": "true", "f": "false"}
    texts = {column: str(value) for column, value in row.items()}
    return {column: words.get(text, _ZEROS.sub(r"\1", text).rstrip(".")) for column, text in texts.items()}


@pytest.fixture
async def sales() -> Page:
    """A page of sales, some of March and some of April."""
    for delivery in await deliveries(52):
        for each in delivery.pages:
            if each.feed == "sale":
                lines = each.rows.split(b"\n")[:-1]
                assert len(lines) > 1
                lines[-1] = re.sub(rb"2026-0\d-\d\d", b"2026-07-15", lines[-1])
                return replace(each, rows=b"\n".join(lines) + b"\n")
    raise AssertionError


async def test_an_insert_that_returned_survives_a_crash(sales: Page) -> None:
    olap = OlapDatabase(pace=QuietPace())
    await olap.insert(TABLES["sale"], sales.rows)
    olap.crash()
    olap.start()
    assert len(olap.rows("sale")) == sales.count


@pytest.mark.parametrize(("chance", "kept"), [(0.9, "nothing"), (0.1, "all")])
async def test_a_crash_leaves_parts_without_their_cursor_and_the_service_cleans_them_up(
    sales: Page, chance: float, kept: str
) -> None:
    pace = HeldPace()
    olap = OlapDatabase(pace=pace)
    pace.chance = chance
    pace.hold("flush")
    reporting = Reporting(cast("Olap", olap), SystemClock())
    await reporting.start()
    taking = asyncio.ensure_future(reporting.take("kw-1", Delivery((sales,), None)))
    await settle()
    olap.crash()
    pace.let_go("flush")
    assert (await taking)["sale"].error
    olap.start()
    assert bool(olap.rows("sale")) == (kept == "all")
    again = Reporting(cast("Olap", olap), SystemClock())
    await again.start()
    assert olap.rows("sale") == []
    assert (await again.take("kw-1", Delivery((sales,), None)))["sale"].applied
    assert len(olap.rows("sale")) == sales.count


async def test_what_was_given_up_is_not_written_after_it_was_ended(sales: Page) -> None:
    pace = HeldPace()
    olap = OlapDatabase(pace=pace)
    pace.hold("flush")
    inserting = asyncio.ensure_future(olap.insert(TABLES["sale"], sales.rows))
    await settle()
    inserting.cancel()
    await settle()
    await olap.end_given_up()
    pace.let_go("flush")
    await settle()
    assert olap.rows("sale") == []


async def test_a_store_that_is_away_says_so() -> None:
    olap = OlapDatabase(pace=QuietPace())
    olap.crash()
    with pytest.raises(OlapUnavailable):
        await olap.cursors()


async def test_mutated_to_write_cursors_first_it_loses_rows_that_the_cursor_counts(sales: Page) -> None:
    olap = OlapDatabase(pace=QuietPace(), mutations=frozenset({"cursor_before_rows"}))
    reporting = Reporting(cast("Olap", olap), SystemClock())
    await reporting.start()
    assert (await reporting.take("kw-1", Delivery((sales,), None)))["sale"].applied
    olap.crash()
    olap.start()
    assert await olap.cursors() == {("kw-1", "sale"): sales.end}
    assert olap.rows("sale") == []
    assert sales.end > Cursor(0, 0)
