"""How master data comes from head office to shards: each region's only, exactly once, anew after a refill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import pytest
import pytest_asyncio

from application_role import as_application
from octonext.base.clock import SystemClock
from octonext.feeds.domain import START, Cursor
from octonext.feeds.service import Pump
from octonext.feeds.store import (
    REFERENCE_FEEDS,
    ReferenceSink,
    ReferenceSource,
    RegionUnknown,
    refill_reference,
)
from octonext.processes.status.report import region_waited_for


@dataclass
class Pair:
    """A stand-in for HQ (the reference has the same form there), a shard of Kuwait, and what carries."""

    hq_dsn: str
    hq: asyncpg.Connection
    shard: asyncpg.Connection
    sink: ReferenceSink
    sources: list[ReferenceSource] = field(default_factory=list)

    def source(self, region: str = "KW", **limits: int) -> ReferenceSource:
        self.sources.append(ReferenceSource(as_application(self.hq_dsn), region, **limits))
        return self.sources[-1]

    async def publish(self, kind: str, key: str, region: int | None, **payload: object) -> None:
        await self.hq.execute(
            """INSERT INTO reference (kind, key, region_id, payload) VALUES ($1, $2, $3, $4)
               ON CONFLICT (kind, key) DO UPDATE
               SET payload = excluded.payload, xid = excluded.xid, id = excluded.id""",
            kind,
            key,
            region,
            json.dumps(payload),
        )


@pytest_asyncio.fixture
async def pair(new_shard: Callable[[], Awaitable[str]]) -> AsyncIterator[Pair]:
    """Head office knows Kuwait."""
    hq_dsn, shard_dsn = await new_shard(), await new_shard()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    both = Pair(hq_dsn, hq, shard, ReferenceSink(as_application(shard_dsn)))
    await both.publish("region", "1", None, region_id=1, code="KW")
    yield both
    for source in both.sources:
        source.abort()
    both.sink.abort()
    await hq.close()
    await shard.close()


async def test_master_data_reaches_the_shard_of_its_region_only_and_exactly_once(pair: Pair) -> None:
    await pair.publish("region", "2", None, region_id=2, code="SA")
    await pair.publish("price", "kw", 1, amount=1250)
    await pair.publish("price", "sa", 2, amount=1500)
    source = pair.source()
    assert await pair.sink.cursors("hq", ["reference"]) == {"reference": START}
    (page,) = (await source.read({"reference": START})).pages

    outcome = (await pair.sink.apply("hq", [page], None))["reference"]
    assert outcome.applied
    assert outcome.cursor == page.end
    keys = "SELECT string_agg(key, ' ' ORDER BY kind, key) FROM reference"
    assert await pair.shard.fetchval(keys) == "kw 1 2"

    again = (await pair.sink.apply("hq", [page], None))["reference"]
    assert not again.applied
    assert not again.error
    assert again.cursor == page.end
    assert (await source.read({"reference": page.end})).pages == ()


async def test_a_region_that_hq_does_not_know_is_said_by_name(pair: Pair) -> None:
    with pytest.raises(RegionUnknown) as refused:
        await pair.source("QA").read({"reference": START})
    # As the relay tells it, and `octonext status` understands it.
    assert region_waited_for({"last_error": f"RegionUnknown: {refused.value}"}) == "QA"


async def test_a_page_of_other_regions_only_still_moves_the_cursor(pair: Pair) -> None:
    for n in range(5):
        await pair.publish("price", f"sa-{n}", 2, amount=n)
    source, cursor = pair.source(rows_max=2), START
    for _ in range(3):
        (page,) = (await source.read({"reference": cursor})).pages
        cursor = (await pair.sink.apply("hq", [page], None))["reference"].cursor
    assert (await source.read({"reference": cursor})).pages == ()
    assert isinstance(cursor, Cursor)


async def test_after_a_refill_a_shard_has_only_what_head_office_knows_and_tells_its_tills_so(
    pair: Pair,
) -> None:
    """Head office was restored: a price and a till of today are not in yesterday's copy."""
    shard = pair.shard
    for n in range(4):
        await pair.publish("price", f"kw-{n}", 1, amount=n)
    await shard.execute("INSERT INTO device_head (branch_id, device_id) VALUES (3, 9)")
    for kind, key in (("price", "forgotten"), ("device", "9"), ("branch", "3")):
        await shard.execute("INSERT INTO reference (kind, key, payload) VALUES ($1, $2, '{}')", kind, key)
    await shard.execute("INSERT INTO feed_cursor (feed, xid, id, mark) VALUES ('reference', '9', 9, 'ff')")
    await refill_reference(shard)
    source = pair.source(rows_max=2)
    gone = "SELECT string_agg(kind || ' ' || key, ', ') FROM reference WHERE payload IS NULL"
    cursor, pages = (await pair.sink.cursors("hq", ("reference",)))["reference"], 0
    while reading := (await source.read({"reference": cursor})).pages:
        assert await shard.fetchval(gone) is None
        cursor = (await pair.sink.apply("hq", reading, None))["reference"].cursor
        pages += 1
    assert pages == 3
    # The price moved to the end of the tills' feed; the till stays, for more of its sales are to come.
    assert await shard.fetchval(gone) == "price forgotten"
    assert await shard.fetchval("SELECT key FROM reference ORDER BY xid DESC, id DESC LIMIT 1") == "forgotten"
    assert await shard.fetchval("SELECT count(*) FROM reference") == 8


async def test_a_shard_that_forgot_its_cursor_takes_head_offices_rows_again(pair: Pair) -> None:
    """What the remedy of FeedWentBack promises."""
    pages = (await pair.source().read({"reference": START})).pages
    assert (await pair.sink.apply("hq", pages, None))["reference"].applied
    await refill_reference(pair.shard)
    assert await pair.sink.cursors("hq", ("reference",)) == {"reference": START}
    assert (await pair.sink.apply("hq", pages, None))["reference"].applied
    assert await pair.shard.fetchval("SELECT count(*) FROM reference") == 1


async def test_a_shard_that_is_to_be_filled_again_is_noticed_while_head_office_is_quiet(pair: Pair) -> None:
    carrying = Pump(pair.source(), pair.sink, "shard", REFERENCE_FEEDS, SystemClock())
    stop = asyncio.Event()
    running = asyncio.ensure_future(carrying.run(stop))
    place = "SELECT xid::text FROM feed_cursor WHERE feed = 'reference' AND xid > '0'"
    async with asyncio.timeout(60):
        while not await pair.shard.fetchval(place):
            await asyncio.sleep(0.01)
        await refill_reference(pair.shard)
        while not await pair.shard.fetchval(place):
            await asyncio.sleep(0.01)
    stop.set()
    await running
