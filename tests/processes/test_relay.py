"""HQ and a shard in real PostgreSQL, the relay and the reporting process as real child processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from application_role import as_application
from octonext.runtime.layout import Layout

pytestmark = pytest.mark.cluster
DEADLINE_S = 60


@dataclass
class Installation:
    """A DATA folder whose databases are the tests' servers, and the children started on it."""

    layout: Layout
    hq: asyncpg.Connection
    shard: asyncpg.Connection
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "octonext.processes.child", name, "--data", str(self.layout.data_dir)],
            stdin=subprocess.DEVNULL,
        )
        self.children.append(process)
        return process

    async def get(self, name: str, path: str) -> Any:
        """The JSON that a child answers, or None while it does not."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.layout.socket(name)))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://child", timeout=DEADLINE_S
        ) as client:
            try:
                return json.loads((await client.get(path)).content)
            except httpx.HTTPError:
                return None

    async def feeds(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        status = await self.get("relay", "/status")
        return {} if status is None else {(f["source"], f["target"], f["name"]): f for f in status["feeds"]}

    async def total(self, column: str = "sale_count") -> int | None:
        answer = await self.get("reporting", "/reports/totals")
        if answer is None or "rows" not in answer:
            return None
        at = [each["name"] for each in answer["columns"]].index(column)
        return sum(int(row[at]) for row in answer["rows"])

    async def sell(self, first: int, last: int, *, device: int = 1) -> None:
        await self.shard.execute(
            """WITH pushed AS (
                   INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
                   VALUES (1, $1::int, $2::bigint, $3::bigint, sha256('push'), now()))
               INSERT INTO sale (branch_id, device_id, seq, kind, shift_id, cashier_id, till_at, occurred_at,
                   business_date, currency, total, net, tax, discount, rounding, paid, line_count,
                   foreign_original, posted_at)
               SELECT 1, $1::int, n, 'sale', gen_random_uuid(), gen_random_uuid(), now(), now(),
                   current_date, 'KWD', 1250, 1250, 0, 0, 0, 1250, 1, false, now()
               FROM generate_series($2::bigint, $3::bigint) AS n""",
            device,
            first,
            last,
        )


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not await true():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        await asyncio.sleep(0.05)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        process.wait()


@pytest_asyncio.fixture
async def installation(
    data_dir: Path, hq_dsn: str, shard_dsn: str, children: list[subprocess.Popen[bytes]]
) -> AsyncIterator[Installation]:
    (data_dir / "octonext.toml").write_text(
        f"""name = "test"
[hq]
dsn = "{as_application(hq_dsn)}"
at_rest = "none"
[[shards]]
id = "kw-1"
region = "KW"
jurisdiction = "KW"
dsn = "{as_application(shard_dsn)}"
at_rest = "none"
[reporting]
at_rest = "none"
"""
    )
    layout = Layout(data_dir)
    layout.prepare()
    layout.prepare_sockets()
    hq, shard = await asyncpg.connect(hq_dsn), await asyncpg.connect(shard_dsn)
    await shard.execute("SELECT ensure_month_partitions(current_date, 1)")
    await hq.execute(
        """INSERT INTO organisation (organisation_id, code, name_en) VALUES (gen_random_uuid(), 'ON', 'ON');
            INSERT INTO region (code, jurisdiction, currency, time_zone, name_en, name_ar)
                VALUES ('KW', 'KW', 'KWD', 'Asia/Kuwait', 'Kuwait', 'الكويت');
            INSERT INTO shard (shard_id, region_code, jurisdiction, sync_public_key)
                VALUES ('kw-1', 'KW', 'KW', 'x');
            INSERT INTO branch (organisation_id, region_id, shard_id, jurisdiction, code, name_en, name_ar)
                SELECT organisation_id, region_id, 'kw-1', 'KW', 'KW1', 'Salmiya', 'السالمية'
                FROM organisation, region;
            INSERT INTO product (product_id, sku, name_en, name_ar)
                VALUES ('0199c0de-0000-7000-8000-000000000001', 'D1', 'Dates', 'تمر')"""
    )
    yield Installation(layout, hq, shard, children)
    await hq.close()
    await shard.close()
    shutil.rmtree(layout.socket_dir, ignore_errors=True)


async def test_sales_and_master_data_arrive_and_lag_is_told(installation: Installation) -> None:
    installation.start("reporting")
    relay = installation.start("relay")
    await installation.sell(1, 3)

    async def arrived() -> bool:
        held = await installation.shard.fetchval("SELECT count(*) FROM reference WHERE kind = 'product'")
        return held == 1 and await installation.total() == 3

    await until(arrived, "three sales in the reports and a product on the shard")

    async def fresh() -> bool:
        feeds = await installation.feeds()
        lags = [feed["lag_seconds"] for feed in feeds.values()]
        return len(lags) == 9 and all(lag is not None and lag < 2 for lag in lags)

    await until(fresh, "every feed's lag known and small")
    answer = await installation.get("reporting", "/reports/sales-by-branch")
    (row,) = answer["rows"]
    assert row[:5] == [1, "KW1", "Salmiya", "السالمية", "KW"]
    assert answer["as_of"]["1"] is not None

    relay.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(relay.wait, 10) == 0


async def test_nothing_is_lost_or_counted_twice_when_either_process_is_killed(
    installation: Installation,
) -> None:
    reporting, relay = installation.start("reporting"), installation.start("relay")
    for round_number in range(3):
        first = round_number * 100 + 1
        await installation.sell(first, first + 49)
        # Two transactions, so that a kill may fall between two batches as well as inside one.
        await installation.sell(first + 50, first + 99)
        if round_number == 1:
            relay.kill()
            relay = installation.start("relay")

        async def some(above: int = first) -> bool:
            found = await installation.total()
            return found is not None and found >= above

        await until(some, "the beginning of the batch")
        reporting.kill()
        reporting.wait()
        reporting = installation.start("reporting")

    async def complete() -> bool:
        return await installation.total() == 300

    await until(complete, "300 sales")
    assert await installation.total("total") == 300 * 1250


async def test_two_relays_at_once_do_no_harm(installation: Installation) -> None:
    installation.start("reporting")
    installation.start("relay")
    installation.start("relay")
    for first in range(1, 200, 20):
        await installation.sell(first, first + 19)

    async def complete() -> bool:
        return await installation.total() == 200

    await until(complete, "200 sales")
    assert await installation.total("total") == 200 * 1250


async def test_lag_and_failures_are_told_to_prometheus(installation: Installation) -> None:
    installation.start("relay")
    transport = httpx.AsyncHTTPTransport(uds=str(installation.layout.socket("relay")))
    async with httpx.AsyncClient(transport=transport, base_url="http://relay", timeout=DEADLINE_S) as client:

        async def told() -> bool:
            try:
                text = (await client.get("/metrics")).text
            except httpx.HTTPError:
                return False
            fed = 'octonext_feed_lag_seconds{feed="reference",source="hq",target="kw-1"}' in text
            stuck = 'octonext_feed_lag_seconds{feed="sale"' not in text
            return fed and stuck and "octonext_feed_failures{" in text

        await until(told, "the lag of the shard's feed, and none of the reports'")


async def test_a_relay_without_reporting_says_so_and_still_feeds_the_shards(
    installation: Installation,
) -> None:
    installation.start("relay")

    async def fed() -> bool:
        held = await installation.shard.fetchval("SELECT count(*) FROM reference WHERE kind = 'branch'")
        return bool(held == 1)

    await until(fed, "the branch on the shard")

    async def said() -> bool:
        feeds = await installation.feeds()
        sale = feeds.get(("kw-1", "reporting", "sale"))
        return sale is not None and "Reporting does not answer" in sale["last_error"]

    await until(said, "the reason in the status")


async def test_a_second_reporting_process_on_the_same_store_is_refused(installation: Installation) -> None:
    installation.start("reporting")

    async def ready() -> bool:
        return await installation.get("reporting", "/healthz") is not None

    await until(ready, "reporting")
    second = installation.start("reporting")
    assert await asyncio.to_thread(second.wait, DEADLINE_S) == 1
    assert await installation.get("reporting", "/healthz") == {"status": "ok"}


async def test_reporting_stops_in_order_when_asked(installation: Installation) -> None:
    process = installation.start("reporting")

    async def ready() -> bool:
        return await installation.get("reporting", "/healthz") is not None

    await until(ready, "reporting")
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert not installation.layout.socket("reporting").exists()
