"""What one sale costs: CPU seconds, bytes of WAL, bytes on disk, and where its time goes."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from octonext.crypto.signature import public_spki
from octonext.processes.gateway import COLLECT_AFTER
from octonext.runtime.postgres import connect
from octonext.runtime.sql import load_queries
from octonext.sales.entries import decode_entry
from octonext.sync.domain import translate
from octonext.sync.messages import decode_from_till
from octonext.sync.service.opening import is_signed, open_entries

from .chain import Chain, running
from .harness import Figure, Options, Plot, Result, Series
from .load import rules_of
from .path import BRANCHES, SHARD, Backlog, Passage, Tills, book, push

NAME = "cost"
TITLE = "Cost: what one sale takes, and where its time goes"

TILLS = 16
ENTRIES = 128
PUSHES = 12
PUSHES_QUICK = 5
ROUNDS = 4
ROUNDS_QUICK = 2
#: Times that each stage of the gateway's Python is run to find its cost.
REPEATS = 5

#: What each function of the shard is about; a function itself, without those that it calls.
_FUNCTIONS = {
    "sales, lines, payments, ledger, shift": ("post_entries",),
    "debits equal credits": ("ledger_refuse_unbalanced",),
    "stock on hand": ("post_stock", "post_counts"),
    "cases": ("find_return_cases", "close_shifts"),
    "head, journal, outcomes": ("ingest_push",),
}

_METHOD = (
    f"CPU time of one sale of three lines in pushes of {ENTRIES}. The gateway's stages are timed alone, the "
    "driver by a client that does nothing else. The shard's CPU time is divided as PostgreSQL divides the "
    "elapsed time of one client's calls among its functions, so waiting for the disk weighs in its last row. "
    "What is left of a process's CPU time is its last row."
)

_queries = load_queries("bench", "cost.sql")


@dataclass(frozen=True, slots=True)
class _Look:
    """What PostgreSQL has counted by one moment."""

    wal_bytes: int
    #: Bytes of each table and of its indexes.
    held: dict[str, tuple[int, int]]
    #: Microseconds in each function itself.
    functions_us: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Share:
    """One row of the profile: CPU microseconds of one sale."""

    process: str
    part: str
    us: float


def run(options: Options) -> Result:
    """Through one gateway; then by one client, with PostgreSQL timing its functions; then stage by stage."""
    pushes, rounds = (PUSHES_QUICK, ROUNDS_QUICK) if options.quick else (PUSHES, ROUNDS)
    result = Result()
    with running(options.work_dir, say=options.say, shards=(SHARD,), relay=False) as chain:
        tills = Tills(chain, options.seed)
        asyncio.run(_time_functions(chain))
        before = asyncio.run(_look(chain))
        through: list[Passage] = []
        for number in range(rounds):
            options.say(f"through the gateway: round {number + 1} of {rounds}")
            through.append(push(chain, tills.write(TILLS, pushes, ENTRIES, rows=False), gateways=1))
        middle = asyncio.run(_look(chain))
        direct: list[Passage] = []
        for number in range(rounds):
            options.say(f"without it: round {number + 1} of {rounds}")
            direct.append(book(chain, tills.write(TILLS, pushes, ENTRIES, rows=True), clients=1))
        after = asyncio.run(_look(chain))
        options.say("stage by stage")
        stages = _stages(tills.write(1, 8, ENTRIES, rows=False)[0])
    # the first push of each till goes before the clock starts, and is written all the same
    written = rounds * TILLS * (pushes + 1) * ENTRIES
    profile = _profile(through, direct, stages, middle, after, written)
    result.figures += _figures(through, before, middle, written)
    result.plots.append(
        Plot(
            name="cost",
            title="CPU time of one sale",
            x_label="",
            y_label="us",
            series=(Series("us", tuple((n, each.us) for n, each in enumerate(profile))),),
            kind="bar",
            labels=tuple(each.part for each in profile),
        )
    )
    result.text += [_profile_table(profile), _disk_table(before, middle, written)]
    return result


def _figures(through: Sequence[Passage], before: _Look, after: _Look, written: int) -> list[Figure]:
    held = {name: sum(each) for name, each in after.held.items()}
    grown = sum(held.values()) - sum(sum(each) for each in before.held.values())
    return [
        Figure("CPU of gateway and shard", tuple(_cpu_us(each) for each in through), "us/sale"),
        Figure("WAL", ((after.wal_bytes - before.wal_bytes) / written,), "bytes/sale"),
        Figure("disk, tables and indexes", (grown / written,), "bytes/sale"),
    ]


def _cpu_us(passage: Passage) -> float:
    return (passage.gateways_cpu_s + passage.shard_cpu_s) * 1e6 / passage.sales


def _profile(
    through: Sequence[Passage],
    direct: Sequence[Passage],
    stages: dict[str, float],
    before: _Look,
    after: _Look,
    written: int,
) -> list[_Share]:
    sales, direct_sales = sum(each.sales for each in through), sum(each.sales for each in direct)
    gateway_us = sum(each.gateways_cpu_s for each in through) * 1e6 / sales
    shard_us = sum(each.shard_cpu_s for each in through) * 1e6 / sales
    driver_us = sum(each.clients_cpu_s for each in direct) * 1e6 / direct_sales
    shares = [_Share("gateway", part, us) for part, us in stages.items()]
    shares.append(_Share("gateway", "driver: arguments to PostgreSQL's form", driver_us))
    rest_us = max(0.0, gateway_us - sum(each.us for each in shares))
    shares.append(_Share("gateway", "TLS, WebSocket, event loop", rest_us))
    # elapsed time grows with what else the machine does, but for all parts of a call alike
    called_us = (sum(sum(each.latencies_s) - each.clients_cpu_s for each in direct)) * 1e6 / direct_sales
    for part, names in _FUNCTIONS.items():
        elapsed_us = sum(after.functions_us.get(name, 0) - before.functions_us.get(name, 0) for name in names)
        shares.append(_Share("shard", part, shard_us * elapsed_us / written / called_us))
    left_us = shard_us - sum(each.us for each in shares if each.process == "shard")
    shares.append(_Share("shard", "reading arguments, commit, WAL to disk, background", max(0.0, left_us)))
    return shares


def _stages(backlog: Backlog) -> dict[str, float]:
    """CPU microseconds of one sale in each stage of a gateway's Python, timed alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    till, sales = backlog.till, sum(each.sales for each in backlog.pushes)
    spki, rules, now = public_spki(till.private), rules_of(till.branch, BRANCHES), datetime.now(UTC)
    pushes = [each.push for each in backlog.pushes]
    keys = till.keys
    opened = [open_entries(each, device=till.device, keys=keys) for each in pushes]
    stages: dict[str, Callable[[], object]] = {
        "JSON of the frame": lambda: [decode_from_till(frame) for frame in backlog.frames],
        "signature": lambda: [is_signed(each, device=till.device, public_spki=spki) for each in pushes],
        "decryption and hash chain": lambda: [
            open_entries(each, device=till.device, keys=keys) for each in pushes
        ],
        "JSON of the entries": lambda: [
            decode_entry(entry.plaintext or b"") for entries in opened for entry in entries
        ],
        "rules and rows": lambda: [
            translate(each, rules, received_at=now, clock_offset=timedelta(0)) for each in opened
        ],
    }
    found = {name: min(_cpu_s(stage) for _ in range(REPEATS)) * 1e6 / sales for name, stage in stages.items()}
    # translating decodes first
    found["rules and rows"] = max(0.0, found["rules and rows"] - found["JSON of the entries"])
    return found


def _cpu_s(stage: Callable[[], object]) -> float:
    began = time.process_time()
    stage()
    return time.process_time() - began


def _profile_table(profile: Sequence[_Share]) -> str:
    whole = sum(each.us for each in profile)
    rows = [f"| {each.process} | {each.part} | {each.us:.1f} | {each.us / whole:.0%} |" for each in profile]
    return "\n".join(
        [
            _METHOD,
            "",
            "| process | part | us/sale | share |",
            "|---|---|---:|---:|",
            *rows,
        ]
    )


def _disk_table(before: _Look, after: _Look, written: int) -> str:
    rows = []
    for name, (table, index) in after.held.items():
        was = before.held.get(name, (0, 0))
        grown = ((table - was[0]) / written, (index - was[1]) / written)
        if sum(grown) >= 1:
            rows.append(f"| {name} | {grown[0]:.0f} | {grown[1]:.0f} |")
    return "\n".join(
        ["Bytes on disk of one sale:", "", "| table | rows | indexes |", "|---|---:|---:|", *rows]
    )


async def _time_functions(chain: Chain) -> None:
    shard = await connect(chain.owner_dsn(SHARD), application_name="bench")
    try:
        await shard.execute(_queries["time_functions"])
    finally:
        await shard.close()


async def _look(chain: Chain) -> _Look:
    shard = await connect(chain.owner_dsn(SHARD), application_name="bench")
    try:
        held = await shard.fetch(_queries["held"])
        functions = await shard.fetch(_queries["functions"])
        return _Look(
            wal_bytes=await shard.fetchval(_queries["wal_written"]),
            held={row["name"]: (row["table_bytes"], row["index_bytes"]) for row in held},
            functions_us={row["name"]: row["self_us"] for row in functions},
        )
    finally:
        await shard.close()
