"""What security costs: encryption at rest, the audit trail, and sealing it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from octonext.audit.sealing.service.verifying import verify
from octonext.crypto.volume import why_unusable
from octonext.crypto.volume.process import holders
from octonext.processes.os_process import die_with_parent
from octonext.processes.sealer.keys import public_keys
from octonext.runtime.postgres import connect, transaction
from octonext.runtime.sql import load_queries

from .chain import Chain, running
from .harness import Figure, Options, Result, percentile
from .path import Backlog, Passage, Tills, book, cpu_s, push

NAME = "security"
TITLE = "Security: what encryption, the audit trail and seals cost"

AT_REST_AIM = 0.7
AUDIT_AIM = 0.9
LAG_AIM_S = 5.0
PRICES_AIM = 0.5

#: As every shard is; the same without triggers of the audit trail; the same on gocryptfs.
AUDITED, BARE, ENCRYPTED = "sa-1", "sa-2", "sa-3"
ENTRIES = 128
PAGE = 1_000
"""Prices of one transaction."""
SEALED_TIMEOUT_S = 120.0
POLL_S = 0.05
STOP_TIMEOUT_S = 30.0

_queries = load_queries("bench", "security.sql")


@dataclass(frozen=True, slots=True)
class _Size:
    rounds: int
    tills: int
    pushes: int
    """Of each till in a round."""
    prices: int
    price_rounds: int


FULL = _Size(rounds=7, tills=16, pushes=24, prices=100_000, price_rounds=3)
QUICK = _Size(rounds=3, tills=8, pushes=6, prices=20_000, price_rounds=2)


@dataclass(frozen=True, slots=True)
class _Round:
    """A round of pushes, and the CPU seconds of everything that it set off, to the seal."""

    passage: Passage
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        return self.cpu_s * 1e6 / self.passage.sales


def run(options: Options) -> Result:
    """Shards that differ in one thing each, measured in turn in one installation."""
    size = QUICK if options.quick else FULL
    result = Result()
    unusable = why_unusable()
    encrypted = () if unusable is not None else (ENCRYPTED,)
    shards = (AUDITED, BARE, *encrypted)
    with running(options.work_dir, say=options.say, shards=shards, relay=False, encrypted=encrypted) as chain:
        tills = {shard: Tills(chain, options.seed, shard, place=place) for place, shard in enumerate(shards)}
        asyncio.run(_drop_triggers(chain, BARE))
        if unusable is None:
            _at_rest(chain, tills, size, options, result)
        else:
            result.text.append(f"Encryption at rest was not measured: {unusable}")
        _sealing(chain, tills, size, options, result)
        options.say("verifying what was sealed")
        result.figures.append(asyncio.run(_verification(chain)))
        options.say(f"changing {size.prices:,} prices")
        result.figures.append(asyncio.run(_prices(chain, size)))
    result.text.append(
        f"One installation, one gateway, pushes of {ENTRIES} sales from {size.tills} tills. Shards differ "
        "in one thing each and are measured in turn. CPU time is that of clients, gateway, shard, sealer and "
        "gocryptfs together, until everything that was pushed is under a signed head. The lag of a push is "
        "the time from the beginning of its transaction to its head's signature."
    )
    return result


# ------------------------------------------------------------------------------- encryption at rest


def _at_rest(chain: Chain, tills: dict[str, Tills], size: _Size, options: Options, result: Result) -> None:
    through: dict[str, list[_Round]] = {AUDITED: [], ENCRYPTED: []}
    direct: dict[str, list[Passage]] = {AUDITED: [], ENCRYPTED: []}
    latencies: dict[str, list[float]] = {AUDITED: [], ENCRYPTED: []}
    for number in range(size.rounds):
        options.say(f"on gocryptfs and in plain files: round {number + 1} of {size.rounds}")
        # Whoever is first finds colder caches: they take turns at that, too.
        for shard in (AUDITED, ENCRYPTED)[:: -1 if number % 2 else 1]:
            backlogs = tills[shard].write(size.tills, size.pushes, ENTRIES, rows=False)
            through[shard].append(_pushed(chain, shard, backlogs))
            backlogs = tills[shard].write(size.tills, size.pushes, ENTRIES, rows=True)
            direct[shard].append(book(chain, backlogs, shard=shard))
            alone = book(chain, tills[shard].write(1, 4 * size.pushes, 1, rows=True), clients=1, shard=shard)
            latencies[shard] += [each * 1e3 for each in alone.latencies_s]
    plain = "in plain files"
    result.figures += [
        _rate("acked sales on gocryptfs", through[ENCRYPTED], through[AUDITED], plain, AT_REST_AIM),
        _cpu("CPU time of a sale on gocryptfs", through[ENCRYPTED], through[AUDITED], plain, AT_REST_AIM),
        Figure(
            "sales by the SQL function on gocryptfs",
            tuple(each.sales_per_second for each in direct[ENCRYPTED]), "sales/s",
            plain, tuple(each.sales_per_second for each in direct[AUDITED]),
        ),
        Figure(
            "one sale by the SQL function on gocryptfs, p50", tuple(latencies[ENCRYPTED]), "ms",
            plain, tuple(latencies[AUDITED]),
        ),
    ]  # fmt: skip


# --------------------------------------------------------------------------------- audit and sealing


def _sealing(chain: Chain, tills: dict[str, Tills], size: _Size, options: Options, result: Result) -> None:
    bare: list[_Round] = []
    sealed: list[_Round] = []
    with _sealer(chain, AUDITED) as sealer:
        options.say("sealing what is there already")
        asyncio.run(_until_sealed(chain, AUDITED))
        since = asyncio.run(_value(chain, AUDITED, "database_clock"))
        for number in range(size.rounds):
            options.say(f"with audit and seals, and without: round {number + 1} of {size.rounds}")
            bare.append(_pushed(chain, BARE, tills[BARE].write(size.tills, size.pushes, ENTRIES, rows=False)))
            backlogs = tills[AUDITED].write(size.tills, size.pushes, ENTRIES, rows=False)
            sealed.append(_pushed(chain, AUDITED, backlogs, sealer=sealer.pid))
        lags = asyncio.run(_lags(chain, AUDITED, since))
    without = "without triggers and sealer"
    p99 = percentile(lags, 0.99)
    result.figures += [
        _rate("acked sales with audit and seals", sealed, bare, without, AUDIT_AIM),
        _cpu("CPU time of a sale with audit and seals", sealed, bare, without, AUDIT_AIM),
        Figure(
            "from push to signed head under full ingest, p99", (p99,), "s",
            aim=f"at most {LAG_AIM_S:g} s", met=p99 <= LAG_AIM_S, note=f"{len(lags)} pushes",
        ),
        Figure("from push to signed head under full ingest, p50", tuple(lags), "s"),
    ]  # fmt: skip


@contextmanager
def _sealer(chain: Chain, shard: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sealing", str(chain.layout.data_dir), shard],
        preexec_fn=die_with_parent(),  # noqa: PLW1509 -- no thread runs yet
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


async def _until_sealed(chain: Chain, shard: str) -> None:
    """Wait until every push of a shard is under a head. Raises TimeoutError.

    One connection: a new backend for each look costs milliseconds, which would count as the price of seals.
    """
    connection = await connect(chain.owner_dsn(shard), application_name="bench", statement_timeout_ms=0)
    try:
        async with asyncio.timeout(SEALED_TIMEOUT_S):
            while await connection.fetchval(_queries["unsealed"]):
                await asyncio.sleep(POLL_S)
    finally:
        await connection.close()


async def _lags(chain: Chain, shard: str, since: datetime) -> list[float]:
    connection = await connect(chain.owner_dsn(shard), application_name="bench", statement_timeout_ms=0)
    try:
        return [row["lag_s"] for row in await connection.fetch(_queries["lags"], since)]
    finally:
        await connection.close()


async def _verification(chain: Chain) -> Figure:
    """Rows of the sealed shard that are compared with their leaves in a second."""
    public = public_keys(chain.layout, AUDITED)
    connection = await connect(chain.owner_dsn(AUDITED), application_name="bench", statement_timeout_ms=0)
    try:
        began = time.monotonic()
        found = await verify(connection, AUDITED, "shard", public)
        seconds = time.monotonic() - began
    finally:
        await connection.close()
    if not found.holds:
        raise RuntimeError(f"the sealed shard does not verify: {found.findings.counts}")
    return Figure(
        "rows verified against their seals", (found.rows / seconds,), "rows/s", note=f"{found.rows} rows"
    )


# -------------------------------------------------------------------------------------------- prices


async def _prices(chain: Chain, size: _Size) -> Figure:
    """Change every price, with the trail's triggers and without them, page by page."""
    hq = await connect(chain.owner_dsn(), application_name="bench", statement_timeout_ms=0)
    rates: dict[bool, list[float]] = {True: [], False: []}
    try:
        triggers = [row for row in await hq.fetch(_queries["triggers"]) if row["name"].startswith("audit_")]
        await hq.execute(_queries["add_products"], size.prices)
        products = [row["product_id"] for row in await hq.fetch(_queries["priced_products"])]
        await _change_prices(hq, products)
        for _ in range(size.price_rounds):
            for audited in (True, False):
                await _switch(hq, triggers, on=audited)
                await hq.execute(_queries["vacuum"])
                before = await hq.fetchval(_queries["recorded_prices"])
                seconds = await _change_prices(hq, products)
                recorded = await hq.fetchval(_queries["recorded_prices"]) - before
                if recorded != (len(products) if audited else 0):
                    raise RuntimeError(f"the trail has {recorded} of {len(products)} changed prices")
                rates[audited].append(len(products) / seconds)
        await _switch(hq, triggers, on=True)
    finally:
        await hq.close()
    figure = Figure(
        f"prices changed with audit, {PAGE:,} in a transaction", tuple(rates[True]), "prices/s",
        "without its triggers", tuple(rates[False]), aim=f"{PRICES_AIM} of the floor",
        note=f"{size.prices:,} products",
    )  # fmt: skip
    return replace(figure, met=(figure.ratio or 0.0) >= PRICES_AIM)


async def _change_prices(hq: asyncpg.Connection, products: Sequence[UUID]) -> float:
    began = time.monotonic()
    for first in range(0, len(products), PAGE):
        async with transaction(hq) as writer:
            await writer.execute(_queries["change_prices"], products[first : first + PAGE])
    return time.monotonic() - began


async def _switch(connection: asyncpg.Connection, triggers: Sequence[asyncpg.Record], *, on: bool) -> None:
    word = "ENABLE ALWAYS" if on else "DISABLE"
    for each in triggers:
        await connection.execute(f'ALTER TABLE {each["table_name"]} {word} TRIGGER "{each["name"]}"')


async def _drop_triggers(chain: Chain, shard: str) -> None:
    """Leave a shard without triggers of the audit trail, its append-only guards among them."""
    connection = await connect(chain.owner_dsn(shard), application_name="bench")
    try:
        await _switch(connection, await connection.fetch(_queries["triggers"]), on=False)
    finally:
        await connection.close()


# ------------------------------------------------------------------------------------------- figures


def _pushed(chain: Chain, shard: str, backlogs: Sequence[Backlog], *, sealer: int | None = None) -> _Round:
    """Push through one gateway; with a sealer, its work on these pushes counts too."""
    pids = [chain.pid(f"postgres-{shard}"), *chain.pids("gateway"), *holders(chain.layout.cipher(shard))]
    pids += [] if sealer is None else [sealer]
    before = cpu_s(pids)
    passage = push(chain, backlogs, gateways=1, shard=shard)
    if sealer is not None:
        asyncio.run(_until_sealed(chain, shard))
    return _Round(passage, cpu_s(pids) - before + passage.clients_cpu_s)


async def _value(chain: Chain, shard: str, query: str) -> Any:
    connection = await connect(chain.owner_dsn(shard), application_name="bench", statement_timeout_ms=0)
    try:
        return await connection.fetchval(_queries[query])
    finally:
        await connection.close()


def _rate(
    name: str, rounds: Sequence[_Round], floor: Sequence[_Round], floor_name: str, aim: float
) -> Figure:
    figure = Figure(
        name, tuple(each.passage.sales_per_second for each in rounds), "sales/s",
        floor_name, tuple(each.passage.sales_per_second for each in floor), aim=f"{aim} of the floor",
    )  # fmt: skip
    return replace(figure, met=(figure.ratio or 0.0) >= aim)


def _cpu(name: str, rounds: Sequence[_Round], floor: Sequence[_Round], floor_name: str, aim: float) -> Figure:
    """The same in CPU time, which hardly feels what else the machine does."""
    figure = Figure(
        name, tuple(each.cpu_us for each in rounds), "us",
        floor_name, tuple(each.cpu_us for each in floor), aim=f"{1 / aim:.2f} of the floor's or less",
    )  # fmt: skip
    return replace(figure, met=(figure.ratio or 0.0) <= 1 / aim)
