"""What a sale costs in a shard that has a million of them, over what it costs in an empty one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries

from .chain import SHARDS, Chain, running
from .harness import Figure, Options, Plot, Result, Series
from .path import Tills, book, cpu_s, fill

NAME = "growth"
TITLE = "Growth: a sale in a full shard and in an empty one"

AIM = 1.1
SALES = 1_000_000
SALES_QUICK = 100_000
#: At which shares of the whole both shards are measured.
POINTS = (0.0, 0.3, 1.0)
POINTS_QUICK = (0.0, 1.0)
ROUNDS = 5
ROUNDS_QUICK = 2
#: What is booked to measure: pushes of each of these tills, by one client.
TILLS = 4
PUSHES = 12
ENTRIES = 128
#: Device numbers of the tills that fill the shard begin at this one, and at each multiple of it.
FILLERS_FROM = 100_000

_queries = load_queries("bench", "growth.sql")


def run(options: Options) -> Result:
    """One shard is filled; its neighbour stays empty and is measured in turn with it, sale for sale."""
    sales, points, rounds = (
        (SALES_QUICK, POINTS_QUICK, ROUNDS_QUICK) if options.quick else (SALES, POINTS, ROUNDS)
    )
    filled_shard, empty_shard = SHARDS
    result = Result()
    ratios: list[tuple[float, float]] = []
    settled: list[float] = []
    with running(options.work_dir, say=options.say, shards=SHARDS, relay=False) as chain:
        tills = {shard: Tills(chain, options.seed, shard) for shard in SHARDS}
        held = 0
        for number, point in enumerate(points):
            wanted = round(sales * point)
            if wanted > held:
                options.say(f"filling up to {wanted} sales")
                fill(chain, wanted - held, first_device=FILLERS_FROM * (number + 1), seed=options.seed)
                options.say("bringing to disk and vacuuming what was filled in")
                settled.append(asyncio.run(_settle(chain, filled_shard)) * 1e6 / (wanted - held))
                held = wanted
            options.say(f"measuring at {held} sales")
            full: list[float] = []
            empty: list[float] = []
            for _ in range(rounds):
                full.append(_cpu_us(chain, tills[filled_shard], filled_shard))
                empty.append(_cpu_us(chain, tills[empty_shard], empty_shard))
            figure = _figure(held, full, empty)
            result.figures.append(figure)
            ratios.append((held / 1e6, figure.ratio or 0.0))
    result.figures.append(
        Figure("CPU time of vacuum and checkpoint for each sale filled in", tuple(settled), "us")
    )
    result.plots.append(
        Plot(
            name="growth",
            title="Shard's CPU time of a sale, over that in an empty shard",
            x_label="million sales in the shard",
            y_label="ratio",
            series=(Series("ratio", tuple(ratios)),),
        )
    )
    result.text.append(
        f"Booked by one client through the SQL function, {ENTRIES} sales a push. CPU time of the shard's "
        "processes, so that what else the machine does counts little. What is filled in within minutes "
        "leaves work behind for vacuum and checkpoint; it is done, and counted, before the shard is measured."
    )
    return result


async def _settle(chain: Chain, shard: str) -> float:
    """Do the work that filling left behind; the shard's CPU seconds."""
    connection = await connect(chain.owner_dsn(shard), application_name="bench", statement_timeout_ms=0)
    try:
        began = cpu_s([chain.pid(f"postgres-{shard}")])
        await connection.execute(_queries["vacuum"])
        await connection.execute(_queries["checkpoint"])
        return cpu_s([chain.pid(f"postgres-{shard}")]) - began
    finally:
        await connection.close()


def _cpu_us(chain: Chain, tills: Tills, shard: str) -> float:
    backlogs = tills.write(TILLS, PUSHES, ENTRIES, rows=True)
    passage = book(chain, backlogs, clients=1, shard=shard)
    return passage.shard_cpu_s * 1e6 / passage.sales


def _figure(held: int, full: list[float], empty: list[float]) -> Figure:
    figure = Figure(
        name=f"shard's CPU time of a sale at {held:,} sales",
        samples=tuple(full),
        unit="us",
        floor_name="in an empty shard",
        floor_samples=tuple(empty),
        aim=f"{AIM} of the empty shard's or less",
    )
    return replace(figure, met=(figure.ratio or 0.0) <= AIM)
