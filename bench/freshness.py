"""How soon does head office see a sale? From its ack to its place in a report, under full ingest."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import uvloop

from .chain import SHARDS, Chain, add_branch, add_tills, running
from .flood import Flood, Flow
from .harness import Figure, Options, Plot, Result, Series, percentile
from .pacing import Plan, Sellers, prepare

NAME = "freshness"
TITLE = "Freshness: from the ack to the report"

AIM_S = 1.0
TILLS = 16
"""That send their backlog as fast as it is taken."""
ENTRIES = 128
"""Of one push, as many as the server grants."""
PROBE_PER_S = 10.0
"""Single sales a second of the one till whose branch is watched."""
POLL_S = 0.02
REPORT = "/api/v1/reports/sales-by-branch"
#: Sales that the report has not shown after this are an error, not a latency.
VISIBLE_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Extent:
    quiet_s: float
    flood_s: float
    sales_max: int
    """Prepared for the flood; it ends early when they are sold out."""


QUICK = _Extent(quiet_s=3.0, flood_s=6.0, sales_max=60_000)
FULL = _Extent(quiet_s=10.0, flood_s=40.0, sales_max=500_000)


class Seen(NamedTuple):
    """The report showed so many sales of the watched branch at this moment."""

    at: float
    sales: int


@dataclass(frozen=True, slots=True)
class _Measured:
    acked: list[float]
    """When each sale of the watched branch was acked, in order."""
    seen: list[Seen]
    flow: Flow
    flood: tuple[float, float]
    settled: float
    """When the report held everything that was acked."""


def run(options: Options) -> Result:
    """Watch one branch's sales arrive in a report, first in a quiet chain, then under full ingest."""
    extent = QUICK if options.quick else FULL
    with running(options.work_dir / "chain", say=options.say, shards=SHARDS[:1]) as chain, ExitStack() as end:
        watched = add_branch(chain, SHARDS[0])
        tills = add_tills(chain, [watched, *[chain.branch(SHARDS[0])] * TILLS], seed=options.seed)
        options.say(f"sealing and signing {extent.sales_max:,} sales to come")
        pushes = int((extent.quiet_s + extent.flood_s + VISIBLE_TIMEOUT_S) * PROBE_PER_S)
        url, ca = chain.urls[0], chain.layout.root_certificate
        probe = Sellers(Plan(url, ca, [(tills[0], prepare(tills[0], pushes, 1))], PROBE_PER_S))
        each = extent.sales_max // (TILLS * ENTRIES)
        flood = Flood(url, ca, [(till, prepare(till, each, ENTRIES)) for till in tills[1:]])
        end.callback(probe.kill)
        end.callback(flood.kill)
        flood.connect()
        probe.start()
        options.say(f"watching a quiet chain, then {extent.flood_s:g} s of full ingest")
        measured = uvloop.run(_measure(chain, watched, probe, flood, extent))
    return _result(measured)


async def _measure(chain: Chain, watched: int, probe: Sellers, flood: Flood, extent: _Extent) -> _Measured:
    seen: list[Seen] = []
    watching = asyncio.create_task(_watch(chain, watched, seen))
    try:
        await asyncio.sleep(extent.quiet_s)
        began = time.monotonic()
        flood.begin()
        flow = await asyncio.to_thread(flood.end, extent.flood_s)
        ended = time.monotonic()
        sold = await asyncio.to_thread(probe.stop)
        await _until_seen(watching, seen, len(sold) - 1)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    # The first push opens the shift and is no sale.
    acked = sorted(each.due + each.latency_s for each in sold)[1:]
    return _Measured(acked, seen, flow, (began, ended), seen[-1].at)


async def _watch(chain: Chain, watched: int, seen: list[Seen]) -> None:
    """Ask for the report again and again; note each time the figure grew, and when the answer was there."""
    async with chain.client() as client:
        while True:
            answer = await client.get(REPORT, params={"branch": str(watched)})
            answer.raise_for_status()
            found = answer.json()
            column = [each["name"] for each in found["columns"]].index("sale_count")
            sales = sum(row[column] for row in found["rows"])
            if not seen or sales > seen[-1].sales:
                seen.append(Seen(time.monotonic(), sales))
            await asyncio.sleep(POLL_S)


async def _until_seen(watching: asyncio.Task[None], seen: Sequence[Seen], sales: int) -> None:
    async with asyncio.timeout(VISIBLE_TIMEOUT_S):
        while not seen or seen[-1].sales < sales:
            if watching.done():
                watching.result()
            await asyncio.sleep(POLL_S)


def delays(acked: Sequence[float], seen: Sequence[Seen]) -> list[tuple[float, float]]:
    """For each sale that was seen: when it was acked, and how many seconds later the report had it.

    The n-th acked sale counts as seen with the first answer that shows at least n: one till's sales are
    acked, stored and carried in the order of its journal.
    """
    found = []
    place = 0
    for number, at in enumerate(acked, start=1):
        while place < len(seen) and seen[place].sales < number:
            place += 1
        if place == len(seen):
            break
        found.append((at, max(0.0, seen[place].at - at)))
    return found


def _result(measured: _Measured) -> Result:
    began, ended = measured.flood
    found = delays(measured.acked, measured.seen)
    quiet = [delay for at, delay in found if at < began]
    busy = [delay for at, delay in found if began <= at < ended]
    flow = measured.flow
    p99 = percentile(busy, 0.99)
    figures = [
        Figure(
            "from ack to report under full ingest, p99", (p99,), "s",
            "the same in a quiet chain", (percentile(quiet, 0.99),),
            aim=f"at most {AIM_S:g} s", met=p99 <= AIM_S,
            note=f"{len(busy)} sales watched",
        ),
        Figure(
            "from ack to report under full ingest, p50", tuple(busy), "s",
            "the same in a quiet chain", tuple(quiet), aim=f"at most {AIM_S:g} s",
            met=statistics.median(busy) <= AIM_S,
        ),
        Figure("sales taken meanwhile", (flow.sales / flow.seconds,), "per s", note="beside the reports"),
        Figure("until the report held all of it", (max(0.0, measured.settled - ended),), "s"),
    ]  # fmt: skip
    first = measured.acked[0]
    plot = Plot(
        "freshness", "From ack to report, sale by sale", "seconds since the first sale", "s until visible",
        (
            Series("quiet", tuple((at - first, delay) for at, delay in found if at < began)),
            Series("full ingest", tuple((at - first, delay) for at, delay in found if began <= at < ended)),
            Series("after", tuple((at - first, delay) for at, delay in found if at >= ended)),
        ),
    )  # fmt: skip
    text = (
        f"One shard, one gateway, {TILLS} tills that send a backlog of 3-line baskets in pushes of {ENTRIES} "
        f"as fast as they are acked, and one till in another branch that sells {PROBE_PER_S:g} times a "
        f"second. The watched figure is that branch's count in `sales-by-branch`, asked of the gateway every "
        f"{POLL_S * 1000:g} ms, so each delay holds up to one such pause and the report's own time. Ingest, "
        "feeds, the OLAP store and the clients share the same cores."
    )
    return Result(figures, [plot], [text])
