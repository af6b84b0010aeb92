"""Tills that die under `kill -9`: each receipt that a customer holds is booked, once, as it was printed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from octonext.processes.os_process import wait_until_gone
from octonext.till.fleet.member import FLEET_PIN
from octonext.till.store import Journal

from .conftest import POLL_S, Installation, ask_shard, octonext, selling_fleet, wait_for
from .forwarder import Forwarder

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("tills")]

TRIALS = int(os.environ.get("OCTONEXT_TRIALS", "0"))
SEED = int(os.environ.get("OCTONEXT_SEED", "1"))
#: Longer than a till takes to write an entry, and to hand it over.
MOMENT_MAX_S = 0.05
_RECEIPT = re.compile(r"(\d+)-(\d+)-(\d+) ([0-9a-f]{8})")

Shown = tuple[int, int, int]
"""Branch, device and seq of a receipt."""


@dataclass
class Receipts:
    """What customers were shown, by number: the first digits of its hash."""

    shown: dict[Shown, str] = field(default_factory=dict)

    def add(self, branch: int, device: int, seq: int, digits: str) -> None:
        # The same number on two papers with different contents would be two truths.
        assert self.shown.setdefault((branch, device, seq), digits) == digits

    async def require_booked_once(self, installation: Installation) -> None:
        """Every one of them is in its shard's journal, once and unaltered."""
        query = "SELECT branch_id, device_id, seq, encode(hash, 'hex') AS hash FROM device_journal"
        held: dict[Shown, list[str]] = {}
        for shard in installation.layout.settings.shards:
            for row in await ask_shard(installation, shard.id, query):
                number = row["branch_id"], row["device_id"], row["seq"]
                held.setdefault(number, []).append(row["hash"][:8])
        missing = {number: digits for number, digits in self.shown.items() if held.get(number) != [digits]}
        assert not missing


@dataclass
class FleetProcess:
    """`octonext fleet run` as a process of its own, and the receipts that it prints."""

    process: asyncio.subprocess.Process
    reading: asyncio.Task[None]
    receipts: Receipts

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self.reading

    async def printed_more(self, count: int) -> None:
        wanted = len(self.receipts.shown) + count
        await wait_for(lambda: len(self.receipts.shown) >= wanted or self.process.returncode is not None)
        assert self.process.returncode is None, "the tills ended by themselves"


@asynccontextmanager
async def fleet_process(
    installation: Installation, receipts: Receipts, *, url: str = "", selling_s: int = 600
) -> AsyncIterator[FleetProcess]:
    """Tills that sell until they are killed, or for `selling_s`, and then close and hand over."""
    urls = [url] if url else installation.state.gateways
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "octonext.processes.cli", "fleet", "run", "--receipts"),
        *("--dir", str(installation.tills), "--ca", str(installation.layout.root_certificate)),
        *(part for each in urls for part in ("--url", each)),
        *("--rate", "10", "--duration", str(selling_s)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            # A line without an end was not printed to its end: nobody holds that receipt.
            if line.endswith(b"\n") and (found := _RECEIPT.fullmatch(line.decode().strip())):
                receipts.add(int(found[1]), int(found[2]), int(found[3]), found[4])

    running = FleetProcess(process, asyncio.create_task(read()), receipts)
    try:
        yield running
    finally:
        if process.returncode is None:
            await running.kill()


async def finish_and_prove(installation: Installation, receipts: Receipts) -> None:
    """The tills start again, hand over what they had, and close; then every receipt is accounted for."""
    async with fleet_process(installation, receipts, selling_s=1) as last:
        assert await last.process.wait() == 0
        await last.reading
    await receipts.require_booked_once(installation)
    await asyncio.to_thread(installation.verify)


async def test_tills_killed_at_any_moment_keep_every_receipt_that_was_shown(
    shared_installation: Installation,
) -> None:
    random, receipts = Random(SEED), Receipts()
    for _ in range(TRIALS or 3):
        async with fleet_process(shared_installation, receipts) as tills:
            await tills.printed_more(random.randint(1, 60))
            # No wait for anything: they may die in any part of a write or a push.
            await asyncio.sleep(random.uniform(0, MOMENT_MAX_S))
            await tills.kill()
    await finish_and_prove(shared_installation, receipts)


async def test_tills_killed_between_journal_and_ack_hand_over_after_the_restart(
    shared_installation: Installation,
) -> None:
    receipts = Receipts()
    async with fleet_process(shared_installation, receipts) as tills:
        await tills.printed_more(20)
        for name in ("postgres-kw-1", "postgres-sa-1"):
            shared_installation.freeze(name)
        await tills.printed_more(40)
        await tills.kill()
    for name in ("postgres-kw-1", "postgres-sa-1"):
        shared_installation.thaw(name)
    await finish_and_prove(shared_installation, receipts)


async def test_tills_killed_between_commit_and_ack_hand_over_nothing_twice(
    shared_installation: Installation,
) -> None:
    receipts = Receipts()
    async with (
        Forwarder(shared_installation.state.gateways) as line,
        fleet_process(shared_installation, receipts, url=line.url) as tills,
    ):
        await tills.printed_more(20)
        # What each till still pushes is booked, and nobody hears of it.
        line.swallow_answers()
        await tills.printed_more(40)
        await tills.kill()
    # The gateway may still be booking what it read last.
    async with asyncio.timeout(60):
        while await entries_without_ack(shared_installation) == 0:
            await asyncio.sleep(POLL_S)
    await finish_and_prove(shared_installation, receipts)


async def entries_without_ack(installation: Installation) -> int:
    """Entries that shards hold and their tills do not know it."""
    acked = {}
    for folder in installation.tills.iterdir():
        journal = Journal.open(folder)
        acked[journal.identity.device_id] = journal.acked.seq
        journal.close()
    query = "SELECT device_id, seq FROM device_head"
    rows = [
        row
        for shard in installation.layout.settings.shards
        for row in await ask_shard(installation, shard.id, query)
    ]
    return sum(max(0, row["seq"] - acked[row["device_id"]]) for row in rows)


async def test_a_cashiers_till_killed_while_it_sells_prints_only_what_it_keeps(
    shared_installation: Installation,
) -> None:
    random, receipts = Random(SEED), Receipts()
    folder = min(shared_installation.tills.iterdir())
    async with selling_fleet(shared_installation):
        pass  # Its shift is open now, and there are goods.
    journal = Journal.open(folder)
    identity = journal.identity
    journal.close()
    barcode = await a_barcode(shared_installation)
    number = re.compile(rf"No\. {identity.branch_code}-{identity.device_code}-(\d+)\s+([0-9a-f]{{8}})")
    for _ in range(TRIALS or 4):
        printed = await asyncio.to_thread(sell_and_be_killed, folder, barcode, random.uniform(0.3, 2.5))
        if found := number.search(printed):
            receipts.add(identity.branch_id, identity.device_id, int(found[1]), found[2])
    sell = ("till", "sell", barcode, "--dir", str(folder), "--pin", FLEET_PIN)
    sold = await asyncio.to_thread(octonext, *sell)
    found = number.search(sold.stdout)
    assert found, sold.stdout + sold.stderr
    receipts.add(identity.branch_id, identity.device_id, int(found[1]), found[2])
    await finish_and_prove(shared_installation, receipts)


def sell_and_be_killed(folder: Path, barcode: str, after_s: float) -> str:
    """Start a sale, kill it after so many seconds; what it had printed until then."""
    selling = subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "octonext.processes.cli", "till", "sell", barcode),
            *("--dir", str(folder), "--pin", FLEET_PIN),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    # Not a wait for anything: the moment is what is tried out.
    wait_until_gone([selling.pid], after_s)
    selling.kill()
    return selling.communicate()[0]


async def a_barcode(installation: Installation) -> str:
    """Of something that can be sold by the piece."""
    query = (
        "SELECT payload->'barcodes'->>0 AS barcode FROM reference"
        " WHERE kind = 'product' AND payload->>'unit' = 'piece' ORDER BY key LIMIT 1"
    )
    [row] = await ask_shard(installation, "kw-1", query)
    return str(row["barcode"])
