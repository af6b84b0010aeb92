"""The path of a sale alone: prepared tills on one shard, pushed through gateways or booked without them.

Both ways start and end alike, take the same baskets from as many tills of the same branches, and call
the same SQL function; so what lies between them is what a gateway costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import asyncpg

from octonext.crypto.chain import GENESIS
from octonext.crypto.envelope import generate_shard_key, shard_public_spki
from octonext.crypto.tls import client_context
from octonext.processes.keys.opening import open_keyring
from octonext.processes.keys.sync import sync_keys
from octonext.processes.os_process import tree
from octonext.runtime.postgres import connect, transaction
from octonext.sync.messages import Ack, encode
from octonext.sync.store import begin_session, ingest_push

from .chain import Chain
from .conversation import Conversation, greet
from .crew import Gate, Job, Report, together
from .load import Assortment, PreparedPush, PreparedTill, enrol, rules_of

SHARD = "sa-1"
#: Of the shard that is measured; four tills each when there are 32.
BRANCHES = tuple(range(101, 109))
#: Numbers set aside for the tills of a shard, where a gateway serves several.
PLACE_DEVICES = 10_000
RETRY_S = 0.05
#: How a shard is filled: entries of a push, pushes of a till, and device numbers set aside for a client.
FILL_ENTRIES = 128
FILL_PUSHES = 48
FILL_DEVICES = 1_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one till has to hand over, as frames and, where asked for, as rows."""

    till: PreparedTill
    pushes: list[PreparedPush]
    frames: list[str]
    branches: tuple[int, ...] = BRANCHES
    """All of its shard."""


@dataclass(frozen=True, slots=True)
class Passage:
    """How a crew's backlog went: sales, wall and CPU seconds, and every push's latency in seconds."""

    sales: int
    seconds: float
    clients_cpu_s: float
    gateways_cpu_s: float
    shard_cpu_s: float
    latencies_s: list[float]

    @property
    def sales_per_second(self) -> float:
        return self.sales / self.seconds


class Tills:
    """Makes tills that the shard knows; every till is used once, so that every run starts alike."""

    def __init__(self, chain: Chain, seed: int, shard: str = SHARD, *, place: int = 0) -> None:
        """Shards to which one gateway pushes need different places, for branches and tills of their own."""
        self._chain = chain
        self._shard = shard
        self._assortment = Assortment(seed)
        self._public = shard_public_spki(sync_keys(chain.layout, open_keyring(chain.layout), shard)[0])
        self._branches = tuple(branch + place * len(BRANCHES) for branch in BRANCHES)
        self._next = 1 + place * PLACE_DEVICES

    def write(self, tills: int, pushes: int, entries: int, *, rows: bool) -> list[Backlog]:
        """Enrol `tills` and write their journals; `rows` for `book`, without for `push`."""
        made = [
            PreparedTill(
                self._branches[n % len(self._branches)], self._next + n, self._assortment, self._public
            )
            for n in range(tills)
        ]
        self._next += tills
        asyncio.run(self._enrol(made))
        return [_backlog(till, pushes, entries, self._branches, rows=rows) for till in made]

    async def _enrol(self, tills: Sequence[PreparedTill]) -> None:
        connection = await connect(self._chain.owner_dsn(self._shard), application_name="bench")
        try:
            await enrol(connection, self._shard, self._branches, tills)
        finally:
            await connection.close()


def book(
    chain: Chain,
    backlogs: Sequence[Backlog],
    *,
    connections: int = 1,
    clients: int | None = None,
    shard: str = SHARD,
) -> Passage:
    """The floor: `clients` (one per core), `connections` in each, straight to the SQL function."""
    crews = _share(backlogs, clients or os.cpu_count() or 1)
    dsn = chain.layout.dsn("shard", shard)

    def job(own: Sequence[Backlog]) -> Job[list[float]]:
        return lambda gate: _book(dsn, _share(own, connections), gate)

    return _measure(chain, shard, [job(own) for own in crews if own], _entries(backlogs))


def push(chain: Chain, backlogs: Sequence[Backlog], *, gateways: int, shard: str = SHARD) -> Passage:
    """Through `gateways` of the chain's gateways: TLS, WebSocket, decryption, chain check, postings."""
    crews = _share(backlogs, gateways)

    def job(url: str, own: Sequence[Backlog]) -> Job[list[float]]:
        return lambda gate: _push(url, chain.layout.root_certificate, own, gate)

    jobs = [job(chain.urls[n], own) for n, own in enumerate(crews) if own]
    return _measure(chain, shard, jobs, _entries(backlogs))


def fill(chain: Chain, sales: int, *, first_device: int, seed: int) -> None:
    """Book `sales` sales as fast as the function takes them, by tills that nobody enrolled."""
    clients = os.cpu_count() or 1
    dsn = chain.layout.dsn("shard", SHARD)
    share = sales // clients // FILL_ENTRIES

    def job(number: int) -> Job[None]:
        return lambda gate: _fill(dsn, share, first_device + number * FILL_DEVICES, seed + number, gate)

    together([job(number) for number in range(clients)])


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds of processes with all they started, also of what has ended since."""
    ticks = 0
    for pid in pids:
        for each in tree(pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                ticks += sum(int(field) for field in (fields[11:15] if each == pid else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _measure(chain: Chain, shard_id: str, jobs: Sequence[Job[list[float]]], entries: int) -> Passage:
    shard, gateways = [chain.pid(f"postgres-{shard_id}")], chain.pids("gateway")
    before: list[float] = []

    def at_start() -> None:
        before.extend((cpu_s(shard), cpu_s(gateways)))

    reports: list[Report[list[float]]] = together(jobs, at_start)
    shard_cpu_s, gateways_cpu_s = cpu_s(shard) - before[0], cpu_s(gateways) - before[1]
    latencies = [each for report in reports for each in report.result]
    return Passage(
        sales=len(latencies) * entries,
        seconds=max(report.seconds for report in reports),
        clients_cpu_s=sum(report.cpu_s for report in reports),
        gateways_cpu_s=gateways_cpu_s,
        shard_cpu_s=shard_cpu_s,
        latencies_s=latencies,
    )


async def _book(dsn: str, shares: Sequence[Sequence[Backlog]], gate: Gate) -> list[float]:
    lines = [await _Line.open(dsn, own) for own in shares if own]
    try:
        await asyncio.gather(*(line.first() for line in lines))
        await gate()
        booked = await asyncio.gather(*(line.rest() for line in lines))
        return [each for latencies in booked for each in latencies]
    finally:
        for line in lines:
            await line.connection.close()


@dataclass(slots=True)
class _Line:
    """One connection that books the pushes of its tills in turn, as they would arrive."""

    connection: asyncpg.Connection
    own: Sequence[Backlog]
    epochs: dict[int, int]

    @classmethod
    async def open(cls, dsn: str, own: Sequence[Backlog]) -> _Line:
        connection = await connect(dsn, application_name="bench-floor")
        epochs = {}
        for each in own:
            async with transaction(connection) as borrowed:
                session = await begin_session(
                    borrowed,
                    branch=each.till.branch,
                    device=each.till.device,
                    seq=0,
                    hash_=GENESIS,
                    app="bench",
                    clock_offset=timedelta(0),
                )
            epochs[each.till.device] = session.epoch
        return cls(connection, own, epochs)

    async def first(self) -> None:
        for each in self.own:
            await self.book(each, each.pushes[0])

    async def rest(self) -> list[float]:
        latencies = []
        for number in range(1, min(len(each.pushes) for each in self.own)):
            for each in self.own:
                latencies.append(await self.book(each, each.pushes[number]))  # noqa: PERF401 - in turn
        return latencies

    async def book(self, backlog: Backlog, prepared: PreparedPush) -> float:
        assert prepared.postings is not None
        till = backlog.till
        began = time.perf_counter()
        async with transaction(self.connection) as borrowed:
            result = await ingest_push(
                borrowed,
                rules=rules_of(till.branch, backlog.branches),
                device=till.device,
                epoch=self.epochs[till.device],
                first=prepared.push.first,
                prev=prepared.push.prev,
                keys=prepared.push.keys,
                postings=prepared.postings,
            )
        if result.status != "accepted":
            raise RuntimeError(f"a prepared push of till {till.device} was answered {result.status}")
        return time.perf_counter() - began


async def _fill(dsn: str, pushes: int, first_device: int, seed: int, gate: Gate) -> None:
    """One journal, written once and booked for one till after another: a push does not name its till."""
    author = PreparedTill(BRANCHES[0], 0, Assortment(seed), shard_public_spki(generate_shard_key()))
    journal = list(author.pushes(FILL_PUSHES, FILL_ENTRIES, rules=rules_of(BRANCHES[0], BRANCHES)))
    await gate()
    left = pushes
    while left > 0:
        # tills take turns, so that their rows lie as mixed as they would
        tills = [replace(author, branch=branch, device=first_device + n) for n, branch in enumerate(BRANCHES)]
        first_device += len(tills)
        line = await _Line.open(dsn, [Backlog(till, [], []) for till in tills])
        try:
            for prepared in journal[: -(-left // len(tills))]:
                for each in line.own:
                    await line.book(each, prepared)
                left -= len(tills)
        finally:
            await line.connection.close()


async def _push(url: str, ca: Path, own: Sequence[Backlog], gate: Gate) -> list[float]:
    context = client_context(ca)
    lines = [await greet(url, context, each.till) for each in own]
    try:
        await asyncio.gather(
            *(_hand_over(line, each.frames[:1]) for line, each in zip(lines, own, strict=True))
        )
        await gate()
        handed = await asyncio.gather(
            *(_hand_over(line, each.frames[1:]) for line, each in zip(lines, own, strict=True))
        )
        return [each for latencies in handed for each in latencies]
    finally:
        for line in lines:
            await line.close()


async def _hand_over(line: Conversation, frames: Sequence[str]) -> list[float]:
    latencies = []
    for frame in frames:
        began = time.perf_counter()
        while not isinstance(await line.push(frame), Ack):
            await asyncio.sleep(RETRY_S)
        latencies.append(time.perf_counter() - began)
    return latencies


def _share(backlogs: Sequence[Backlog], parts: int) -> list[Sequence[Backlog]]:
    return [backlogs[part::parts] for part in range(parts)]


def _entries(backlogs: Sequence[Backlog]) -> int:
    return len(backlogs[0].pushes[-1].push.entries)


def _backlog(
    till: PreparedTill, pushes: int, entries: int, branches: tuple[int, ...], *, rows: bool
) -> Backlog:
    rules = rules_of(till.branch, branches) if rows else None
    # the first push opens the shift and goes before the clock starts
    written = list(till.pushes(pushes + 1, entries, rules=rules))
    frames = [] if rows else [encode(each.push).decode() for each in written]
    return Backlog(till, written, frames, branches)
