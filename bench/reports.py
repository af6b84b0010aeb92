"""How long does a dashboard wait for its reports, with 30 million sale lines in the store?"""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from statistics import median

from clickhouse_connect.driver.client import Client

from octonext.base.clock import SystemClock
from octonext.reporting.domain.answers import to_json
from octonext.reporting.domain.batches import TABLES, Delivery
from octonext.reporting.domain.queries import REPORTS
from octonext.reporting.service import Reporting
from octonext.reporting.store import Chdb, Olap
from octonext.reporting.store.clients import Clients

from .harness import Figure, Options, Result, percentile
from .report_store import BEHIND_ALL, SOURCES, TODAY, Pages, fill, statements

NAME = "reports"
TITLE = "Reports over many sale lines"

AIM_MS = 100.0
PAGE_EVERY_S = 0.25
"""How often a shard's relay hands over what was sold meanwhile."""
PAGE_RECEIPTS = 256
FULL_PAGE_RECEIPTS = 6_600
"""About as many as fill a page of lines."""
SETTLE_TIMEOUT_S = 600.0
FEEDS = ("sale", "sale_line", "payment", "movement", "ledger")
#: What a dashboard asks for, and how often of a hundred times.
RANGES = {
    "today": (TODAY, 40),
    "this week": (TODAY - timedelta(days=TODAY.weekday()), 25),
    "this month": (TODAY.replace(day=1), 25),
    "this year": (TODAY.replace(month=1, day=1), 10),
}
PLACES: dict[str, tuple[Mapping[str, str], int]] = {
    "branch": ({"branch": "B042"}, 40),
    "region": ({"region": "SA"}, 20),
    "chain": ({}, 40),
}


@dataclass(frozen=True, slots=True)
class _Extent:
    lines: int
    questions: int
    """Of the mix."""
    full_pages: int


QUICK = _Extent(lines=2_000_000, questions=150, full_pages=6)
FULL = _Extent(lines=30_000_000, questions=1_500, full_pages=30)


@dataclass(slots=True)
class _Measured:
    """Milliseconds."""

    mix: list[float] = field(default_factory=list)
    of_report: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    of_range: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    floor: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def run(options: Options) -> Result:
    """Fill a store of its own in the work folder, ask, and leave nothing."""
    return asyncio.run(_run(options, QUICK if options.quick else FULL))


async def _run(options: Options, extent: _Extent) -> Result:
    path = options.work_dir / "chdb"
    olap = await Olap.open(Chdb(path))
    bare = Clients(Chdb(path), 1, "bench-floor")
    try:
        options.say(f"filling the store with {extent.lines:,} lines")
        began = time.monotonic()
        lines = await bare.run(lambda client: fill(client, extent.lines, options.seed, options.say))
        filled_s = time.monotonic() - began
        await _settle(bare, options)
        stored = await bare.run(lambda client: client.query(statements()["count_bytes"]).result_rows)
        size = int(stored[0][0])
        for source in SOURCES:
            await olap.record_cursors(source, dict.fromkeys(FEEDS, BEHIND_ALL))
        reporting = Reporting(olap, SystemClock())
        await reporting.start()
        pages = Pages(options.seed)
        options.say("asking while sales come in")
        async with _sales_coming_in(reporting, pages):
            measured = await _ask(reporting, bare, extent, random.Random(options.seed))
        options.say("full pages")
        taken, plain = await _full_pages(reporting, pages, bare, extent)
        parts = await bare.run(lambda client: client.query(statements()["count_parts"]).result_rows)
    finally:
        await bare.close()
        await olap.close()
    return _result(lines, filled_s, size, measured, taken, plain, int(parts[0][0]))


async def _ask(reporting: Reporting, bare: Clients, extent: _Extent, choice: random.Random) -> _Measured:
    """The mix, each question beside the floor for the same days and branches."""
    measured = _Measured()
    for number in range(extent.questions):
        name = choice.choice(tuple(REPORTS))
        report = REPORTS[name]
        place = choice.choices(tuple(PLACES), [weight for _, weight in PLACES.values()])[0]
        days = choice.choices(tuple(RANGES), [weight for _, weight in RANGES.values()])[0]
        first = RANGES[days][0]
        filters = {**PLACES[place][0], "limit": "100"}
        if report.dated:
            filters |= {"from": str(first), "to": str(TODAY)}
        began = time.monotonic()
        to_json(await reporting.report(name, filters))
        took = (time.monotonic() - began) * 1000
        measured.mix.append(took)
        measured.of_report[name].append(took)
        measured.of_range[days if report.dated else "the present"].append(took)
        measured.slowest = max(measured.slowest, (took, f"`{name}`, {place}, {days}"))
        if number % 3 == 0:
            measured.floor.append(await _floor(bare, place, first))
    return measured


async def _floor(bare: Clients, place: str, first: date) -> float:
    """One sum over the lines of those days and branches, without names or groups; milliseconds."""
    chosen = {"branch": [42], "region": list(range(2, 301, 8)), "chain": list(range(1, 301))}[place]
    parameters = {"from": first, "to": TODAY, "branches": chosen}
    began = time.monotonic()
    await bare.run(lambda client: client.query(statements()["bare_sum"], parameters=parameters).result_rows)
    return (time.monotonic() - began) * 1000


@asynccontextmanager
async def _sales_coming_in(reporting: Reporting, pages: Pages) -> AsyncIterator[None]:
    async def deliver() -> None:
        while True:
            began = time.monotonic()
            await _take(reporting, pages, PAGE_RECEIPTS)
            await asyncio.sleep(max(0.0, PAGE_EVERY_S - (time.monotonic() - began)))

    task = asyncio.create_task(deliver())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _take(reporting: Reporting, pages: Pages, receipts: int) -> int:
    """Hand over a page of each feed; how many rows they had."""
    cursors = reporting.cursors(pages.source)
    made = pages.make(receipts, {feed: cursors[feed] for feed in FEEDS})
    outcomes = await reporting.take(pages.source, Delivery(tuple(made), None))
    failed = [outcome.error for outcome in outcomes.values() if not outcome.applied]
    if failed:
        raise AssertionError(f"the store did not take a page: {failed[0]}")
    return sum(page.count for page in made)


async def _full_pages(
    reporting: Reporting, pages: Pages, bare: Clients, extent: _Extent
) -> tuple[list[float], list[float]]:
    """Rows a second through `take`, and of the same rows' lines into a table without any sums."""
    taken, plain = [], []
    await bare.run(lambda client: client.command(statements()["make_bare_lines"]))
    for _ in range(extent.full_pages):
        cursors = reporting.cursors(pages.source)
        made = pages.make(FULL_PAGE_RECEIPTS, {feed: cursors[feed] for feed in FEEDS})
        lines = next(page for page in made if page.feed == "sale_line")
        began = time.monotonic()
        await reporting.take(pages.source, Delivery(tuple(made), None))
        taken.append(sum(page.count for page in made) / (time.monotonic() - began))
        began = time.monotonic()
        await bare.run(partial(_insert_bare, lines.rows))
        plain.append(lines.count / (time.monotonic() - began))
    return taken, plain


def _insert_bare(rows: bytes, client: Client) -> None:
    client.raw_insert(
        "bare_line", column_names=TABLES["sale_line"].columns, insert_block=rows, fmt="TabSeparated"
    )


async def _settle(bare: Clients, options: Options) -> None:
    """Wait until the merges that filling left behind are done."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    query = statements()["count_merges"]
    while (await bare.run(lambda client: client.query(query).result_rows))[0][0]:
        if time.monotonic() > deadline:
            options.say("merges still run; measuring beside them")
            return
        await asyncio.sleep(0.5)


def _result(
    lines: int,
    filled_s: float,
    size: int,
    measured: _Measured,
    taken: Sequence[float],
    plain: Sequence[float],
    parts: int,
) -> Result:
    p95 = percentile(measured.mix, 0.95)
    floor_p95 = percentile(measured.floor, 0.95)
    figures = [
        Figure(
            "A dashboard's question, p95", (p95,), "ms", "one bare sum over the same days, p95", (floor_p95,),
            f"at most {AIM_MS:.0f} ms on 2 cores", p95 <= AIM_MS,
        ),
        Figure(
            "A dashboard's question, p50", (median(measured.mix),), "ms",
            "one bare sum over the same days, p50", (median(measured.floor),),
        ),
        *(
            Figure(f"p95 of {name}", (percentile(samples, 0.95),), "ms", note=f"p50 {median(samples):.0f} ms")
            for name, samples in sorted(measured.of_report.items())
        ),
        *(
            Figure(f"p95 of {days}", (percentile(measured.of_range[days], 0.95),), "ms")
            for days in (*RANGES, "the present")
            if measured.of_range[days]
        ),
        Figure(
            "Rows taken at full ingest", tuple(taken), "rows/s",
            "lines alone into a table without sums", tuple(plain),
        ),
        Figure(
            "Disk per sale line", (size / lines,), "bytes",
            note="all five tables with their sums, and the names",
        ),
        Figure("Most memory of the process", (_peak_mib(),), "MiB"),
        Figure("Active parts of the busiest table after all pages", (float(parts),), "parts"),
    ]  # fmt: skip
    slow_ms, slow = measured.slowest
    text = [
        f"{lines:,} lines of {lines // 3:,} receipts, 300 branches in 8 countries, 18 months, "
        f"60,000 products; "
        f"made in {filled_s:.0f} s. {len(measured.mix)} questions over all {len(REPORTS)} reports: "
        + ", ".join(f"{days} {weight}%" for days, (_, weight) in RANGES.items())
        + "; "
        + ", ".join(f"{place} {weight}%" for place, (_, weight) in PLACES.items())
        + f"; {PAGE_RECEIPTS} receipts come in every {PAGE_EVERY_S} s meanwhile. "
        f"The slowest took {slow_ms:.0f} ms: {slow}."
    ]
    return Result(figures=figures, text=text)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
