"""The feeds of the model against PostgreSQL's: the same pages, whatever is open meanwhile."""

from __future__ import annotations

import pytest

from octonext.feeds.domain import START, Cursor, Reading
from octonext.feeds.store import SHARD_FEEDS, CopySource
from octonext.processes.simulate.database.dialling import SimulatedCopySource
from octonext.reporting.domain.batches import TABLES

from .conftest import Twins
from .histories import History
from .twins import in_transaction, outcome

FROM_THE_START = dict.fromkeys(SHARD_FEEDS, START)
#: Small enough that a page ends in the middle of a push.
ROWS_MAX = 7
PUSHES_MAX = 3
#: Columns that hold a server's own time.
OWN_TIMES = {"posted_at", "received_at"}

Page = tuple[str, bool, list[dict[str, str]]]


def pages(reading: Reading) -> list[Page]:
    """What a reading brought, without transaction ids and times of the server."""
    found = []
    for page in reading.pages:
        columns = TABLES[page.feed].columns
        rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in page.rows.decode().splitlines()]
        for row in rows:
            for column in OWN_TIMES | {"feed_xid"}:
                row.pop(column, None)
        found.append((page.feed, page.full, rows))
    return found


async def walk(source: CopySource, cursors: dict[str, Cursor]) -> list[list[Page]]:
    """Read to the end of every feed, as a relay does."""
    readings = []
    while True:
        reading = await source.read(cursors)
        readings.append(pages(reading))
        cursors.update({page.feed: page.end for page in reading.pages})
        if reading.drained:
            return readings


@pytest.mark.parametrize("commits", [True, False])
async def test_what_is_behind_an_open_transaction_waits_on_both_sides(twins: Twins, commits: bool) -> None:
    history = History(31)
    real_source = CopySource("kw-1", twins.dsn, feeds=SHARD_FEEDS, probe="probe_shard", marks="shard_marks")
    model_source = twins.shard.source()
    for call in [history.hello(till) for till in history.tills]:
        for side in (twins.real, twins.model):
            await in_transaction(await side.connect(), call)
    older, younger = history.tills[0], history.tills[2]
    for till in (older, younger):
        for _ in range(6):
            till.write()
    calls = [history.first_push(older), history.first_push(younger)]
    seen = []
    for side, source in ((twins.real, real_source), (twins.model, model_source)):
        a, b = await side.connect(), await side.connect()
        cursors = dict(FROM_THE_START)
        block = a.transaction()
        await block.__aenter__()
        await calls[0](a)
        await in_transaction(b, calls[1])
        early = await source.read(cursors)
        assert early.snapshot.xmin < early.snapshot.xmax
        assert early.drained
        cursors |= {page.feed: page.end for page in early.pages}
        await block.__aexit__(*((None,) * 3 if commits else (ValueError, ValueError(), None)))
        seen.append((pages(early), await walk(source, cursors)))
        source.abort()
        await a.close()
        await b.close()
    assert seen[1] == seen[0]
    early_sales = [rows for feed, _, rows in seen[0][0] if feed == "sale"]
    assert early_sales == []


@pytest.mark.parametrize("seed", [21, 22])
async def test_a_random_history_is_read_in_the_same_pages(twins: Twins, seed: int) -> None:
    history = History(seed)
    real_source = CopySource(
        "kw-1",
        twins.dsn,
        feeds=SHARD_FEEDS,
        probe="probe_shard",
        marks="shard_marks",
        rows_max=ROWS_MAX,
        pushes_max=PUSHES_MAX,
    )
    model_source = SimulatedCopySource(
        "kw-1", twins.shard.database, feeds=SHARD_FEEDS, probe="probe_shard", marks="shard_marks",
        rows_max=ROWS_MAX, pushes_max=PUSHES_MAX,
    )  # fmt: skip
    real_cursors, model_cursors = dict(FROM_THE_START), dict(FROM_THE_START)
    real, model = await twins.real.connect(), await twins.model.connect()
    rows = 0
    for number in range(60):
        call = history.call()
        answer = await outcome(in_transaction(real, call))
        assert await outcome(in_transaction(model, call)) == answer
        if number % 4 == 3:
            real_pages = await walk(real_source, real_cursors)
            assert await walk(model_source, model_cursors) == real_pages, (seed, number)
            rows += sum(len(found) for reading in real_pages for _, _, found in reading)
    assert rows > 100
    real_source.abort()
    model_source.abort()
    await real.close()
