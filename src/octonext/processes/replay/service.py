"""Runs a replay: cluster, retailer, tills, drain, and the sums from every place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octonext.crypto.tls import client_context
from octonext.processes import chain as installation
from octonext.processes.init import write_configuration
from octonext.processes.verify.domain.reports import zipped
from octonext.processes.verify.service import Options, Verification, verify_installation
from octonext.processes.verify.shard import reading
from octonext.runtime.layout import Layout
from octonext.runtime.logging import configure
from octonext.till.domain.totals import Totals
from octonext.till.fleet import Fleet
from octonext.till.fleet.member import FLEET_PIN

from .domain import reconciliation as sums
from .domain.calendar import offline_steps, steps
from .domain.drafts import Ids, Place
from .domain.places import Chain
from .domain.plan import Plan, make_plan
from .domain.products import ImpliedProduct, implied_products
from .domain.rows import Reported, Row
from .file import check_transactions, read_transactions, write_report
from .head_office import REGION, Retailer, set_up, shard_name
from .tills import Figures, ReplayTill, drain
from .watch import Watch

#: Threads that encode, seal and wait for the tills' disks.
WRITERS = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be replayed, where, and how."""

    file: Path
    data_dir: Path
    report: Path
    chain: Chain
    offline_per_mille: int
    limit: int | None = None


@dataclass(slots=True)
class Outcome:
    """What came of a replay."""

    file: sums.FileSums
    plan: Plan
    retailer: Retailer
    sources: list[sums.Source]
    differences: list[sums.Difference]
    verification: Verification
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether rows in are rows out, every sum is the same everywhere, and every invariant holds."""
        return self.file.agrees and not self.differences and self.verification.holds


@dataclass(frozen=True, slots=True)
class _Prepared:
    records: Sequence[Row | Reported]
    plan: Plan
    goods: Sequence[ImpliedProduct]


class _Stopwatch:
    """Names the stretches of time between its laps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = now - self._since
        self._since = now


async def replay_file(request: Request, watch: Watch) -> Outcome:
    """Replay the file in a new installation, which is stopped at the end whatever happens.

    Raises TransactionsUnreadable, ReplayStuck and what a start of an installation raises.
    """
    clock = _Stopwatch()
    check_transactions(request.file)
    write_report(request.report, [])
    shards = [f"{shard_name(number)}:{REGION}:{REGION}" for number in range(request.chain.shards)]
    write_configuration(request.data_dir, name="replay", at_rest="none", shards=shards)
    layout = Layout(request.data_dir)
    configure("replay", level=layout.settings.log_level, file=layout.log("replay"))
    # Reading and planning is one core's work; the databases start on the other meanwhile.
    preparing = asyncio.ensure_future(asyncio.to_thread(_prepare, request, watch))
    try:
        async with installation.running(layout, say=watch.say) as running:
            prepared = await preparing
            clock.lap("start the cluster, read and plan")
            outcome = await _replay(running, prepared, request, watch, clock)
    finally:
        preparing.cancel()
    clock.lap("stop the cluster")
    return outcome


async def _replay(
    running: installation.Chain, prepared: _Prepared, request: Request, watch: Watch, clock: _Stopwatch
) -> Outcome:
    plan, layout, folder = prepared.plan, running.layout, request.data_dir / "tills"
    watch.say("creating branches, tills and catalogue")
    retailer = await set_up(running.head_office, request.chain, prepared.goods)
    await Fleet.enrol(folder, retailer.enrolment_codes, url=running.urls[0], ca=layout.root_certificate)
    clock.lap("set up head office and tills")
    figures = Figures()
    async with _tills(running, folder, retailer, plan, figures) as tills:
        await _sell(tills, request, plan, watch, figures)
        clock.lap("sell and sync")
        journals = await asyncio.to_thread(_read_journals, tills)
        clock.lap("read the journals back")
    watch.say("waiting for head office's reports, then verifying everything")
    verification = await verify_installation(layout, Options(journals=(folder,)), progress=watch.verified)
    clock.lap("verify, reports included")
    sources = [
        sums.of_file(plan, retailer.branch_ids),
        sums.of_journals(journals),
        *await _shard_sources(layout),
        *await _report_sources(running.head_office),
    ]
    clock.lap("reconcile")
    return Outcome(
        file=sums.sum_file(prepared.records, plan),
        plan=plan,
        retailer=retailer,
        sources=sources,
        differences=sums.differences(sources),
        verification=verification,
        seconds=clock.seconds,
    )


def _prepare(request: Request, watch: Watch) -> _Prepared:
    records = read_transactions(request.file, limit=request.limit, progress=watch.read)
    plan = make_plan(records, request.chain)
    write_report(request.report, plan.reported)
    goods = implied_products(record for record in records if isinstance(record, Row))
    return _Prepared(records, plan, goods)


@asynccontextmanager
async def _tills(
    running: installation.Chain, folder: Path, retailer: Retailer, plan: Plan, figures: Figures
) -> AsyncIterator[list[ReplayTill]]:
    chain = plan.chain
    places = [
        Place(retailer.branch_ids[chain.branch_of_till(till)], device_id)
        for till, device_id in enumerate(retailer.device_ids)
    ]
    ids = Ids(retailer.products, places)
    context = client_context(running.layout.root_certificate)
    tills: list[ReplayTill] = []
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="replay") as executor:
        try:
            for till, device_id in enumerate(retailer.device_ids):
                cashier = retailer.cashiers[chain.branch_of_till(till)]
                tills.append(
                    ReplayTill(
                        folder / f"till-{device_id:06d}", plan.tills[till], cashier, ids,
                        urls=running.urls, context=context, executor=executor, figures=figures,
                    )
                )  # fmt: skip
                tills[-1].start()
            yield tills
        finally:
            await asyncio.gather(*(till.stop() for till in tills))


async def _sell(
    tills: Sequence[ReplayTill], request: Request, plan: Plan, watch: Watch, figures: Figures
) -> None:
    """Go through the file's weeks; a till's network is away in its own part of them."""
    weeks = steps(entry.at for entries in plan.tills for entry in entries)
    offline = [
        offline_steps(request.chain, number, len(weeks), request.offline_per_mille)
        for number in range(len(tills))
    ]
    with watch.selling(plan, figures, tills):
        for week, until in enumerate(weeks):
            watch.week(until)
            for till, away in zip(tills, offline, strict=True):
                if week in away:
                    till.link.cut()
                else:
                    till.link.restore()
            await asyncio.gather(*(till.sell(until) for till in tills))
        await drain(tills)


def _read_journals(tills: Sequence[ReplayTill]) -> Totals:
    """Every entry from the tills' disks, opened with the shift keys that the PIN opens."""
    totals = Totals()
    for each in tills:
        identity = each.till.identity
        totals.add(identity.branch_id, identity.currency, each.till.read_journal(FLEET_PIN))
    return totals


async def _shard_sources(layout: Layout) -> list[sums.Source]:
    rows: dict[str, list[dict[str, Any]]] = {"totals": [], "accounts": [], "movements": []}
    for shard in layout.settings.shards:
        async with reading(shard.id, layout.dsn("shard", shard.id)) as reader:
            for query, found in rows.items():
                found.extend(await reader.rows(query))
    return [
        sums.of_totals("sales", rows["totals"]),
        sums.of_ledger(rows["accounts"]),
        sums.of_movements("stock", rows["movements"]),
    ]


async def _report_sources(office: installation.HeadOffice) -> list[sums.Source]:
    """What head office's API answers, as its users see it."""
    totals = zipped(await office.get("/reports/totals"))
    movements = zipped(await office.get("/reports/stock-totals"))
    return [sums.of_totals("reports", totals), sums.of_movements("report: stock", movements)]
