"""The demo from an empty folder to the last figure."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.crypto.volume import why_unusable
from octonext.processes.chain import Chain, running
from octonext.processes.init import write_configuration
from octonext.processes.reckoning import Comparison
from octonext.processes.sample.seed import Seeded, seed_demo
from octonext.runtime.layout import Layout
from octonext.runtime.logging import configure
from octonext.runtime.settings import AtRest
from octonext.till.fleet import Fleet, Pace

from .browser_till import print_browser_till
from .farewell import create_reports_token, print_addresses
from .folder import prepare_folder
from .proof import check_invariants, print_measured, print_verdict, reckon
from .script import perform
from .seals import check_seals
from .show import show
from .stage import SHARD_OF_REGION, Stage, branches_of
from .watch import Watch

READY_TIMEOUT_S = 120.0
COUNTED_TIMEOUT_S = 60.0
"""So long reports may take to count the last sale on the screen; the reckoning waits for itself."""
OPENING_STOCK = 200
"""Pieces or kilograms of every product in every branch: enough for the longest play at full speed."""

SET_UPS_MAX = 3
"""A catalogue half sent is not taken up again: everything begins anew, but not for ever."""

NOTICED_WITHIN_S = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo plays: `per_s` customers at each till, `seed` decides what they buy."""

    duration_s: float
    per_s: float
    seed: int
    stay: bool
    at_rest: AtRest | None = None
    """What encrypts the databases; None = gocryptfs where this machine lets us."""


class SetUpInterrupted(OctoNextError):
    """A process ended while the chain was being furnished, which cannot be taken up half-way."""

    code = "set_up_interrupted"


async def run(folder: Path, options: Options, console: Console) -> bool:
    """Play in the empty `folder`; whether everything was handed over, and all figures agree.

    Raises what starting the cluster, seeding it and enrolling its tills raise.
    """
    say = _speaker(console)
    for attempt in range(1, SET_UPS_MAX + 1):
        try:
            return await _run_once(folder, options, console, say)
        except SetUpInterrupted as error:
            if attempt == SET_UPS_MAX:
                raise
            say(f"{error.message} Beginning anew.")
            prepare_folder(folder)
    raise AssertionError("the last attempt returns or raises")


async def _run_once(folder: Path, options: Options, console: Console, say: Say) -> bool:
    shards = [f"{shard_id}:{region}" for region, shard_id in SHARD_OF_REGION.items()]
    write_configuration(folder, name="demo", at_rest=_storage(options, say), shards=shards)
    layout = Layout(folder)
    layout.prepare()
    configure("supervisor", level=layout.settings.log_level, file=layout.log("supervisor"))
    async with running(layout, say=_quieter(say)) as chain:
        try:
            seeded = await _furnish(chain, options, say)
        except (OctoNextError, httpx.HTTPError) as error:
            ended = await _ended(chain)
            if not ended:
                raise
            raise SetUpInterrupted(
                f"{ended} ended while the chain was being furnished.", remedy="Run the demo again."
            ) from error
        drained, comparison = await _play(chain, seeded, options, console, say)
        # Outside of the fleet: its journals are closed now, so the checker may read them.
        holds = await check_invariants(chain, _tills(chain), console)
        sealed = await check_seals(chain, console)
        if options.stay:
            print_addresses(console, chain, await create_reports_token(chain))
            await print_browser_till(console, chain, seeded)
        proven = print_verdict(console, comparison, drained=drained, holds=holds, sealed=sealed)
        if options.stay:
            console.print("Ctrl-C ends.")
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return proven


def _storage(options: Options, say: Say) -> AtRest:
    """Encrypted wherever that is possible: the demo shows the product as it is meant to run."""
    if options.at_rest is not None:
        return options.at_rest
    reason = why_unusable()
    if reason is None:
        return "gocryptfs"
    say(f"NOT ENCRYPTED: the databases of this demo lie in plain files. {reason.message}")
    say(reason.remedy)
    return "none"


async def _furnish(chain: Chain, options: Options, say: Say) -> Seeded:
    say("head office gets its catalogue, prices, cashiers and branches through the API")
    seeded = await seed_demo(chain.head_office.client, shards=SHARD_OF_REGION, seed=options.seed)
    say(
        f"{len(seeded.products)} products with Arabic and English names, {len(seeded.branches)} branches, "
        f"{len(seeded.cashiers)} cashiers"
    )
    codes = [till.enrolment_code for till in seeded.tills]
    await Fleet.enrol(_tills(chain), codes, url=chain.urls[0], ca=chain.layout.root_certificate)
    say(f"{len(codes)} tills enrolled, each with its own key and encrypted journal")
    return seeded


async def _ended(chain: Chain) -> str:
    """Processes that ended since the start, if any; the supervisor needs a moment to notice."""
    ends = time.monotonic() + NOTICED_WITHIN_S
    while True:
        children = chain.supervisor.children.values()
        found = [
            each.spec.name for each in children if each.status.restarts or each.status.state != "running"
        ]
        if found or time.monotonic() > ends:
            return ", ".join(found)
        await asyncio.sleep(NOTICED_WITHIN_S / 20)


async def _play(
    chain: Chain, seeded: Seeded, options: Options, console: Console, say: Say
) -> tuple[bool, Comparison]:
    """Whether everything was handed over, and how the three books compare."""
    branches = branches_of(seeded)
    async with Fleet.running(
        _tills(chain), urls=chain.urls, ca=chain.layout.root_certificate, seed=options.seed
    ) as fleet:
        await fleet.ready(READY_TIMEOUT_S)
        await fleet.open_shifts()
        await fleet.stock_up(OPENING_STOCK)
        say("catalogue and prices reached every till; shifts are open, opening stock is booked")
        stage = Stage(fleet, chain.supervisor, branches, options.duration_s)
        watch = Watch(stage, chain.head_office)
        drained = await _watched(stage, watch, Pace(per_s=options.per_s), console)
        print_measured(stage, watch.lags, console)
        totals = await asyncio.to_thread(fleet.totals)
        return drained, await reckon(chain, totals, branches, console)


async def _watched(stage: Stage, watch: Watch, pace: Pace, console: Console) -> bool:
    """Perform, measured and shown, until reports have counted the last sale."""
    over = asyncio.Event()

    async def perform_and_wait() -> bool:
        try:
            drained = await perform(stage, pace)
            if await watch.counted(COUNTED_TIMEOUT_S):
                stage.tell("Head office's reports have counted the last sale.")
        finally:
            over.set()
        return drained

    performing = asyncio.create_task(perform_and_wait())
    showing = asyncio.create_task(show(stage, watch, console, over))
    watching = asyncio.create_task(watch.run())
    tasks = (performing, showing, watching)
    try:
        # Whichever fails ends the play; the showing ends last when none does.
        await asyncio.wait(
            (asyncio.gather(performing, showing), watching), return_when=asyncio.FIRST_COMPLETED
        )
        for task in tasks:
            if task.done():
                task.result()
        return performing.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tills(chain: Chain) -> Path:
    return chain.layout.data_dir / "tills"


def _speaker(console: Console) -> Say:
    began = time.monotonic()

    def say(line: str) -> None:
        # A terminal that is gone must not keep the cluster from stopping.
        with contextlib.suppress(OSError):
            console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {escape(line)}", soft_wrap=True)

    return say


def _quieter(say: Say) -> Say:
    """One line for all migrations: a viewer wants to know that tables are made, not each of them."""
    told = False

    def tell(line: str) -> None:
        nonlocal told
        if ": migration " not in line:
            say(line)
        elif not told:
            told = True
            say("making the tables of head office and both shards")

    return tell
