"""The reference feed of the model against PostgreSQL's: published, paged, applied, filled again."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest_asyncio

from application_role import as_application
from octonext.feeds.domain import START, Cursor, FeedWentBack, Page, check_history
from octonext.feeds.store import ReferenceSink, ReferenceSource, dimension_source, refill_reference
from octonext.processes.simulate.database.dialling import SimulatedReferenceSource
from octonext.processes.simulate.database.head_office import HeadOfficeDatabase
from octonext.sync.store import begin_session, reference_changes, reference_head, reference_page

from .conftest import Twins
from .paces import QuietPace

#: Small enough that there are several.
ROWS_MAX = 4
CHANGES = 40


def draw(chance: random.Random) -> tuple[str, str, int | None, int | None, Any]:
    """One change at head office: kind, key, region, branch, payload."""
    kind = chance.choice(["product", "price", "cashier", "branch", "device", "tax", "cost"])
    region = chance.choice([None, 1, 2]) if kind == "price" else None
    branch = chance.choice([None, 1, 2]) if kind == "cashier" else None
    payload = {
        "name_en": f"n{chance.randint(1, 99)}",
        "name_ar": "تمر",
        "cost": 7,
        "code": "c\t1",
        "branch_id": 3,
    }
    return kind, str(chance.randint(1, 5)), region, branch, chance.choice([payload, payload, None])


async def publish(hq: asyncpg.Connection, change: tuple[str, str, int | None, int | None, Any]) -> None:
    """What the triggers of head office do; its feed has the same form as a shard's copy of it."""
    kind, key, region, branch, payload = change
    text = None if payload is None else json.dumps(payload)
    async with hq.transaction():
        row = await hq.fetchrow("SELECT * FROM reference WHERE (kind, key) = ($1, $2)", kind, key)
        if row is not None and (row["region_id"], row["branch_id"]) == (region, branch):
            known = None if row["payload"] is None else json.loads(row["payload"])
            if known == payload:
                return
        await hq.execute(
            """INSERT INTO reference (kind, key, region_id, branch_id, payload) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (kind, key) DO UPDATE SET region_id = excluded.region_id,
                   branch_id = excluded.branch_id, payload = excluded.payload, xid = excluded.xid,
                   id = excluded.id""",
            kind, key, region, branch, text,
        )  # fmt: skip
        await hq.execute("INSERT INTO reference_history DEFAULT VALUES")


def rows_of(page: Page) -> Any:
    return sorted(json.loads(page.rows), key=lambda row: (row["kind"], row["key"]))


async def copies(twins: Twins) -> tuple[list[Any], list[Any]]:
    """What a shard's copy holds on either side, in the order of the feed."""
    real = [
        (r["kind"], r["key"], r["region_id"], r["branch_id"], r["payload"] and json.loads(r["payload"]))
        for r in await twins.owner.fetch("SELECT * FROM reference ORDER BY xid, kind, key")
    ]
    rows = sorted(twins.shard.reference(), key=lambda row: (row.xid, row.kind, row.key))
    model = [(r.kind, r.key, r.region_id, r.branch_id, r.payload and json.loads(r.payload)) for r in rows]
    return real, model


class Offices:
    """Two head offices, a real one and its model, each with the shard of the twins as its sink."""

    def __init__(self, twins: Twins, hq: Any, hq_dsn: str) -> None:
        self.hq = hq
        self.model = HeadOfficeDatabase(pace=QuietPace())
        self.dsn = as_application(hq_dsn)
        self.sources = (
            ReferenceSource(self.dsn, "KW", rows_max=ROWS_MAX),
            SimulatedReferenceSource(self.model.database, "KW", rows_max=ROWS_MAX),
        )
        self.sinks = (ReferenceSink(twins.dsn), twins.shard.reference_sink())

    async def publish(self, change: tuple[str, str, int | None, int | None, Any]) -> None:
        await publish(self.hq, change)
        await self.model.publish(change[0], change[1], change[4], region_id=change[2], branch_id=change[3])

    async def carry(self) -> None:
        """Read and apply until nothing is left, each page twice."""
        at = [(await sink.cursors("hq", ["reference"]))["reference"] for sink in self.sinks]
        while True:
            read = [
                (await source.read({"reference": start})).pages
                for source, start in zip(self.sources, at, strict=True)
            ]
            real, model = read
            assert [(p.count, p.full) for p in model] == [(p.count, p.full) for p in real]
            if not real:
                return
            assert rows_of(model[0]) == rows_of(real[0])
            for applied in (True, False):
                answers = [
                    (await sink.apply("hq", pages, None))["reference"]
                    for sink, pages in zip(self.sinks, read, strict=True)
                ]
                assert [each.applied for each in answers] == [applied, applied]
            at = [each.cursor for each in answers]


@pytest_asyncio.fixture
async def offices(twins: Twins, new_shard: Any) -> AsyncIterator[Offices]:
    dsn = await new_shard()
    hq: Any = await asyncpg.connect(dsn)
    both = Offices(twins, hq, dsn)
    await both.publish(("region", "1", None, None, {"region_id": 1, "code": "KW"}))
    yield both
    for end in (*both.sources, *both.sinks):
        end.abort()
    await hq.close()


async def test_master_data_travels_alike(twins: Twins, offices: Offices) -> None:
    chance = random.Random(61)
    for number in range(CHANGES):
        await offices.publish(draw(chance))
        if number % 8 == 7:
            await offices.carry()
    await offices.carry()
    real, model = await copies(twins)
    assert model == real
    assert len(real) > 20

    # what tills and gateways read of the copy
    connections = [await side.connect() for side in (twins.real, twins.model)]
    for limit in (3, 500):
        pages = [
            [
                *(await reference_changes(connection, (0, 0), limit=limit)),
                *(await reference_page(connection, (0, 0), branch=1, limit=limit)),
            ]
            for connection in connections
        ]
        read = [[(r.kind, r.key, r.payload and json.loads(r.payload)) for r in rows] for rows in pages]
        assert sorted(read[1], key=by_key) == sorted(read[0], key=by_key)
    assert (await reference_head(connections[1])) == twins.shard.reference()[-1][-2:]
    await connections[0].close()

    # names and costs for reporting
    sources = (dimension_source(offices.dsn), offices.model.dimension_source())
    (real_page,), (model_page,) = [(await source.read({"dimension": START})).pages for source in sources]
    fields = [
        [line.split(b"\t", 2)[2] for line in page.rows.splitlines()] for page in (real_page, model_page)
    ]
    assert fields[1] == fields[0]
    sources[0].abort()


async def test_a_shard_that_is_filled_again_forgets_what_head_office_forgot(
    twins: Twins, offices: Offices
) -> None:
    for kind in ("product", "device", "tax"):
        for key in ("1", "2"):
            await offices.publish((kind, key, None, None, {"code": kind}))
    await offices.carry()
    for side in (twins.real, twins.model):
        connection = await side.connect()
        await begin_session(
            connection, branch=7, device=1, seq=0, hash_=bytes(32), app="", clock_offset=timedelta()
        )
        await connection.close()
    reference = offices.model.tables.reference
    for kind, key in (("product", "1"), ("device", "1"), ("device", "2")):
        await offices.hq.execute("DELETE FROM reference WHERE kind = $1 AND key = $2", kind, key)
        del reference.rows[kind, key]
    reference.merge({})
    await offices.publish(("tax", "3", None, None, {"code": "new"}))
    await refill_reference(twins.owner)
    await refill_reference(await twins.model.connect())
    await offices.carry()
    real, model = await copies(twins)
    assert sorted(model, key=by_key) == sorted(real, key=by_key)
    present = {row[:2] for row in model if row[-1] is not None}
    # the till that has spoken to the shard stays
    assert present == {
        ("region", "1"), ("product", "2"), ("device", "1"), ("tax", "1"), ("tax", "2"), ("tax", "3"),
    }  # fmt: skip


def by_key(row: Sequence[Any]) -> tuple[str, str]:
    return row[0], row[1]


async def test_a_restored_head_office_is_found_also_when_its_ids_have_caught_up() -> None:
    office = HeadOfficeDatabase(pace=Chance())
    await office.publish("region", "1", {"region_id": 1, "code": "KW"})
    copy = office.copy()
    await office.publish("tax", "lost", {})
    page = (await office.source("KW").read({"reference": START})).pages[0]
    office.crash()
    office.restore(copy)
    office.start()
    reading = await failing(office, page.end)
    assert reading
    for number in range(3):
        await office.publish("tax", str(number), {})
    assert await failing(office, page.end)


async def test_mutated_it_goes_back_and_bears_the_same_marks() -> None:
    office = HeadOfficeDatabase(pace=Chance(), mutations=frozenset({"went_back_unnoticed"}))
    await office.publish("region", "1", {"region_id": 1, "code": "KW"})
    copy = office.copy()
    await office.publish("tax", "lost", {})
    page = (await office.source("KW").read({"reference": START})).pages[0]
    office.crash()
    office.restore(copy)
    office.start()
    assert not await failing(office, page.end)


class Chance(QuietPace):
    """Never the same number twice."""

    def __init__(self) -> None:
        self._chance = random.Random(1)

    def random(self) -> float:
        return self._chance.random()


async def failing(office: HeadOfficeDatabase, cursor: Cursor) -> bool:
    try:
        reading = await office.source("KW").read({"reference": cursor})
        check_history("hq", {"reference": cursor}, reading.snapshot)
    except FeedWentBack:
        return True
    return False
