"""Does a shard that hangs slow its neighbour? The neighbour's p99 with the other frozen, over before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise

from octonext.processes.os_process import freeze, thaw

from .chain import SHARDS, Chain, add_tills, running
from .harness import Figure, Options, Plot, Result, Series, percentile
from .pacing import Plan, Sellers, Sold, prepare

NAME = "isolation"
TITLE = "Isolation: a neighbour of a frozen shard"

FROZEN, NEIGHBOUR = SHARDS
TILLS = 8
"""Of the neighbour, who sell one at a time."""
PER_S = 40.0
"""Their sales a second together: a busy shop, well below what the machine can do."""
BACKLOG_TILLS = 64
"""Of the shard that is frozen. Each then tries again and again with all that it has."""
BACKLOG_ENTRIES = 32
BACKLOG_PER_S = 4.0
"""Their pushes a second together."""
RATIO_MAX = 1.1
PERIODS = ("before", "frozen", "after")
DUE_SHARE_MIN = 0.9
"""Of the sales that were due in a period; with fewer acked, the slowest would be left out of the figures."""
#: Sales prepared beyond what the periods need, for a machine that takes its time between them.
PREPARED_BESIDE_S = 60.0
#: The thawed shard's tills sell what they owe before the next round begins.
SETTLE_S = 2.0


class TooSlow(RuntimeError):
    """The machine does not sell as fast as this benchmark asks, so its latencies would be a choice."""


@dataclass(frozen=True, slots=True)
class _Extent:
    rounds: int
    period_s: float


QUICK = _Extent(rounds=2, period_s=2.5)
#: A period is longer than a call's deadline and several of the breaker's pauses.
FULL = _Extent(rounds=6, period_s=12.0)


def run(options: Options) -> Result:
    """Freeze one shard again and again; compare the other's latency before, meanwhile and after."""
    extent = QUICK if options.quick else FULL
    with running(options.work_dir / "chain", say=options.say) as chain, ExitStack() as ending:
        options.say("sealing and signing the sales to come")
        neighbours = _sellers(chain, NEIGHBOUR, TILLS, 1, PER_S, extent, options.seed)
        others = _sellers(chain, FROZEN, BACKLOG_TILLS, BACKLOG_ENTRIES, BACKLOG_PER_S, extent, options.seed)
        for each in (others, neighbours):
            ending.callback(each.kill)
            each.start()
        marks = _alternate(chain, extent, options)
        sold = neighbours.stop()
    found = _latencies_ms(sold, marks)
    _check_pace(found, extent)
    return _result(found, extent)


def _sellers(
    chain: Chain, shard_id: str, tills: int, entries: int, per_s: float, extent: _Extent, seed: int
) -> Sellers:
    seconds = extent.rounds * (len(PERIODS) * extent.period_s + SETTLE_S) + PREPARED_BESIDE_S
    pushes = int(seconds * per_s / tills) + 1
    known = add_tills(chain, [chain.branch(shard_id)] * tills, seed=seed)
    prepared = [(till, prepare(till, pushes, entries)) for till in known]
    return Sellers(Plan(chain.urls[0], chain.layout.root_certificate, prepared, per_s))


def _alternate(chain: Chain, extent: _Extent, options: Options) -> list[list[float]]:
    """For each round the moments between its periods, four of them."""
    pid = chain.pid(f"postgres-{FROZEN}")
    rounds = []
    for number in range(1, extent.rounds + 1):
        options.say(f"round {number} of {extent.rounds}: {extent.period_s:g} s before, frozen, after")
        time.sleep(SETTLE_S)
        marks = [time.monotonic()]
        for period in PERIODS:
            if period == "frozen":
                freeze(pid)
            try:
                time.sleep(extent.period_s)
            finally:
                if period == "frozen":
                    thaw(pid)
            marks.append(time.monotonic())
        rounds.append(marks)
    return rounds


def _latencies_ms(sold: Sequence[Sold], rounds: Sequence[Sequence[float]]) -> dict[str, list[list[float]]]:
    """For each period, per round, the latencies of the sales that were due in it."""
    return {
        period: [
            [each.latency_s * 1000 for each in sold if begin <= each.due < end]
            for marks in rounds
            for begin, end in [list(pairwise(marks))[place]]
        ]
        for place, period in enumerate(PERIODS)
    }


def _check_pace(found: dict[str, list[list[float]]], extent: _Extent) -> None:
    due = PER_S * extent.period_s
    fewest = min(len(each) for rounds in found.values() for each in rounds)
    if fewest < DUE_SHARE_MIN * due:
        raise TooSlow(f"The neighbour sold {fewest} times in a period in which {due:g} sales were due.")


def _result(found: dict[str, list[list[float]]], extent: _Extent) -> Result:
    p99 = {period: tuple(percentile(each, 0.99) for each in found[period]) for period in PERIODS}
    p50 = {period: tuple(percentile(each, 0.50) for each in found[period]) for period in PERIODS}
    frozen = Figure(
        "p99 of the neighbour while a shard is frozen",
        p99["frozen"], "ms", "its p99 before", p99["before"], aim=f"ratio at most {RATIO_MAX}",
    )  # fmt: skip
    met = frozen.ratio is not None and frozen.ratio <= RATIO_MAX
    figures = [
        Figure(
            frozen.name, frozen.samples, "ms", frozen.floor_name, frozen.floor_samples, frozen.aim, met,
            note=f"{len(found['frozen'])} rounds of about {len(found['frozen'][0])} sales each",
        ),
        Figure("p50 meanwhile", p50["frozen"], "ms", "its p50 before", p50["before"]),
        Figure("p99 after", p99["after"], "ms", "its p99 before", p99["before"]),
    ]  # fmt: skip
    plot = Plot(
        "isolation", "The neighbour's p99, round by round", "round", "ms until ack",
        tuple(
            Series(period, tuple((n, value) for n, value in enumerate(p99[period], 1))) for period in PERIODS
        ),
    )  # fmt: skip
    text = (
        f"Two shards behind one gateway. The neighbour's {TILLS} tills make {PER_S:g} sales a second, one at "
        f"a time, whatever the answers take. The other shard's {BACKLOG_TILLS} tills push {BACKLOG_ENTRIES} "
        f"sales at a time, {BACKLOG_PER_S:g} times a second, and while their shard is frozen each of them "
        f"tries again as soon as it was told to. In each round {extent.period_s:g} s with both well, as long "
        f"with `{FROZEN}` frozen by SIGSTOP, and as long after it was thawed, when it catches up. Latency "
        "counts from when a sale was due."
    )
    return Result(figures, [plot], [text])
