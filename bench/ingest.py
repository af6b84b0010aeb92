"""How fast acked sales go into one shard, over how fast the same SQL function takes them without us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .chain import running
from .harness import Figure, Options, Result
from .path import SHARD, Passage, Tills, book, push

NAME = "ingest"
TITLE = "Ingest: a backlog of sales through one shard"

AIM = 0.75
GATEWAYS = 2


@dataclass(frozen=True, slots=True)
class _Size:
    tills: int
    entries: tuple[int, ...]
    rounds: int
    sales: int


FULL = _Size(tills=32, entries=(64, 128), rounds=5, sales=32_768)
QUICK = _Size(tills=16, entries=(128,), rounds=2, sales=14_336)


def run(options: Options) -> Result:
    """Floor, one gateway, two gateways, and again: a machine's mood hits all three alike."""
    size = QUICK if options.quick else FULL
    result = Result()
    with running(options.work_dir, say=options.say, shards=(SHARD,), workers=GATEWAYS, relay=False) as chain:
        tills = Tills(chain, options.seed)
        for entries in size.entries:
            pushes = size.sales // (size.tills * entries)
            floor: list[Passage] = []
            through: dict[int, list[Passage]] = {1: [], GATEWAYS: []}
            for number in range(size.rounds):
                options.say(f"pushes of {entries}: round {number + 1} of {size.rounds}")
                floor.append(book(chain, tills.write(size.tills, pushes, entries, rows=True)))
                for gateways, passages in through.items():
                    backlogs = tills.write(size.tills, pushes, entries, rows=False)
                    passages.append(push(chain, backlogs, gateways=gateways))
            result.figures += [_figure(entries, n, passages, floor) for n, passages in through.items()]
            result.figures.append(_cpu_figure(entries, through[1], floor))
            best = max(through.values(), key=_median_rate)
            result.text.append(_where(entries, best, floor))
    return result


def _figure(entries: int, gateways: int, passages: Sequence[Passage], floor: Sequence[Passage]) -> Figure:
    figure = Figure(
        name=f"acked sales, pushes of {entries}, {gateways} gateway{'s' if gateways > 1 else ''}",
        samples=tuple(each.sales_per_second for each in passages),
        unit="sales/s",
        floor_name="the same SQL function, one client per core",
        floor_samples=tuple(each.sales_per_second for each in floor),
        aim=f"{AIM} of the floor",
    )
    return replace(figure, met=(figure.ratio or 0.0) >= AIM)


def _cpu_figure(entries: int, through: Sequence[Passage], floor: Sequence[Passage]) -> Figure:
    """The same comparison in CPU time, which hardly feels what else the machine does."""
    figure = Figure(
        name=f"CPU time of a sale, pushes of {entries}, 1 gateway",
        samples=tuple(_cpu_us(each) for each in through),
        unit="us",
        floor_name="the same SQL function, one client per core",
        floor_samples=tuple(_cpu_us(each) for each in floor),
        aim=f"{1 / AIM:.2f} of the floor's or less",
    )
    return replace(figure, met=(figure.ratio or 0.0) <= 1 / AIM)


def _cpu_us(passage: Passage) -> float:
    """Clients, gateways and shard together."""
    spent_s = passage.clients_cpu_s + passage.gateways_cpu_s + passage.shard_cpu_s
    return spent_s * 1e6 / passage.sales


def _where(entries: int, through: Sequence[Passage], floor: Sequence[Passage]) -> str:
    """CPU microseconds of a sale, by process, with and without gateways."""
    lines = [
        f"CPU time of one sale in pushes of {entries}, microseconds:",
        "",
        "| | clients | gateways | shard | together |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, passages in (("through gateways", through), ("floor", floor)):
        sales = sum(each.sales for each in passages)
        parts = [
            sum(getattr(each, part) for each in passages) * 1e6 / sales
            for part in ("clients_cpu_s", "gateways_cpu_s", "shard_cpu_s")
        ]
        lines.append(f"| {name} | " + " | ".join(f"{part:.0f}" for part in (*parts, sum(parts))) + " |")
    return "\n".join(lines)


def _median_rate(passages: Sequence[Passage]) -> float:
    return sorted(each.sales_per_second for each in passages)[len(passages) // 2]
