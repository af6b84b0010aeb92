"""Reporting's copy of the heads of seals, as the sealer brings it and as a verifier asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from octonext.audit.sealing.remote import DatabaseTarget
from octonext.audit.sealing.service.copying import copy
from octonext.audit.sealing.service.sources import DatabaseCopies
from octonext.audit.sealing.service.verifying import Verified, verify
from octonext.base.clock import SystemClock
from octonext.processes.audit.reporting import ReportingCopies
from octonext.processes.local_service import serve_on_socket
from octonext.processes.relay import ReportingSink
from octonext.processes.sealer.feed import SEAL_FEEDS, SealSource, SilentSink
from octonext.reporting.remote import Address, ReportingClient, ReportRefused
from octonext.reporting.service import Reporting
from octonext.reporting.socket import ReportingApp
from sealed_chain import KEY, Chain
from unguarded import unguarded

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("attacks")]

KEYS = {KEY.id: KEY.public}
(FEED,) = SEAL_FEEDS


@pytest.fixture
def socket(traversable_dir: Path, tmp_path: Path) -> Path:
    return traversable_dir / f"s{abs(hash(tmp_path)) % 10**8}.sock"


@asynccontextmanager
async def served(reporting: Reporting, socket: Path) -> AsyncIterator[ReportingClient]:
    stop = asyncio.Event()
    task = asyncio.create_task(serve_on_socket(ReportingApp(reporting), socket, stop))
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket), retries=50), base_url="http://r"
    ) as probe:
        await probe.get("/healthz")
    client = ReportingClient(Address(socket=socket), SystemClock())
    try:
        yield client
    finally:
        await client.close()
        stop.set()
        await task


async def carry(dsn: str, socket: Path) -> None:
    """What the sealer's pump does, once."""
    source = SealSource("kw-1", lambda: dsn)
    sink = SilentSink(ReportingSink(Address(socket=socket), SystemClock()))
    try:
        read = await source.read(await sink.cursors("kw-1", SEAL_FEEDS))
        outcomes = await sink.apply("kw-1", read.pages, None)
        assert outcomes[FEED].applied
    finally:
        source.abort()
        sink.abort()


def kinds(verified: Verified) -> set[tuple[str, str]]:
    return {(each.kind, each.key) for each in verified.findings.named if each.table == "seal_head"}


async def test_heads_deleted_on_the_shard_and_at_head_office_are_found_through_reporting(
    shard_dsn: str, hq_dsn: str, reporting: Reporting, socket: Path
) -> None:
    shard, hq = await asyncpg.connect(shard_dsn), await asyncpg.connect(hq_dsn)
    target = DatabaseTarget("hq", lambda: hq_dsn)
    try:
        await shard.execute("SELECT ensure_month_partitions(current_date, 1)")
        chain = Chain(shard)
        for _ in range(3):
            await chain.sell(2)
            await chain.seal()
        await copy(shard, "kw-1", target, KEY.public)
        async with served(reporting, socket) as client:
            await carry(shard_dsn, socket)
            copies = ReportingCopies(client, "kw-1")
            assert await copies.newest() == 3
            assert [each.number for each in await copies.page(1)] == [2, 3]
            head_office = DatabaseCopies("hq", hq, "kw-1")
            assert (await verify(shard, "kw-1", "shard", KEYS, [head_office, copies])).holds

            # The newest head goes, with its rows, and nobody but reporting has a copy left of it.
            async with unguarded(shard), unguarded(hq):
                await hq.execute("DELETE FROM seal_head_copy WHERE number = 3")
                for table in ("seal_leaves", "seal_head"):
                    await shard.execute(f"DELETE FROM {table} WHERE number = 3")  # noqa: S608 -- the attacker's
                for table in ("push", "device_journal", "ledger_line"):
                    column = "first_seq" if table == "push" else "seq"
                    await shard.execute(f"DELETE FROM {table} WHERE {column} >= 5")  # noqa: S608
            without = await verify(shard, "kw-1", "shard", KEYS, [head_office])
            assert kinds(without) == set()
            found = kinds(await verify(shard, "kw-1", "shard", KEYS, [head_office, copies]))
            assert ("head missing", "3") in found
            assert ("tail", "3") in found
            assert copies.away == ""
            with pytest.raises(ReportRefused):
                await client._get("/seals/kw-1", {"after": "-1"})

        # Reporting is away: the rest is verified without it, and it is said.
        away = ReportingClient(Address(socket=socket), SystemClock())
        absent = ReportingCopies(away, "kw-1")
        alone = await verify(shard, "kw-1", "shard", KEYS, [head_office, absent])
        assert "does not answer" in absent.away
        assert kinds(alone) == set()
        await away.close()
    finally:
        target.abort()
        shard.terminate()
        hq.terminate()
