"""Tills that sell on a whole installation (`tests/plugins/installation.py`).

`installation` and `fleet` are a test's own; `shared_installation` and `shared_fleet` serve all tests of a
module, which costs one start instead of many.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from installation import (
    GONE_TIMEOUT_S,
    POLL_S,
    RUNNING_TIMEOUT_S,
    SHARDS,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    Installation,
    ask_shard,
    kill,
    make_installation,
    octonext,
    wait_for,
)
from octonext.crypto.tls import client_context
from octonext.processes.sample.seed import seed_demo
from octonext.till.fleet import Fleet

__all__ = [
    "GONE_TIMEOUT_S",
    "POLL_S",
    "RUNNING_TIMEOUT_S",
    "SHARDS",
    "START_TIMEOUT_S",
    "STOP_TIMEOUT_S",
    "Installation",
    "ask_shard",
    "kill",
    "make_installation",
    "octonext",
    "wait_for",
]


@pytest.fixture
def installation(data_dir: Path) -> Iterator[Installation]:
    """Running, with shards in Kuwait and Saudi Arabia."""
    installation = make_installation(data_dir)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def shared_installation(request: pytest.FixtureRequest, traversable_dir: Path) -> Iterator[Installation]:
    """One for a module, with two enrolled tills in each of its six branches.

    A module that wants more than one gateway says so in a constant `GATEWAYS`, one that wants encrypted
    databases in `AT_REST`.
    """
    folder = Path(tempfile.mkdtemp(prefix="shared-", dir=traversable_dir))
    folder.chmod(0o711)
    module = request.module
    installation = make_installation(
        folder, gateways=getattr(module, "GATEWAYS", 1), at_rest=getattr(module, "AT_REST", "none")
    )
    try:
        installation.start()
        asyncio.run(enrol_tills(installation, tills_per_branch=2))
        yield installation
    finally:
        installation.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def fleet(installation: Installation) -> AsyncIterator[Fleet]:
    """Six tills of six branches in two countries, with their shifts open and goods on the shelf."""
    await enrol_tills(installation)
    async with selling_fleet(installation) as fleet:
        yield fleet


@pytest_asyncio.fixture
async def shared_fleet(shared_installation: Installation) -> AsyncIterator[Fleet]:
    """The twelve tills of the shared installation, once everything runs, as `fleet` has its six."""
    await shared_installation.wait_until_running()
    async with selling_fleet(shared_installation) as fleet:
        yield fleet


async def enrol_tills(installation: Installation, *, tills_per_branch: int = 1) -> None:
    """Seed the sample chain and enrol its tills below `installation.tills`."""
    layout = installation.layout
    url = installation.state.gateways[0]
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {installation.secret}"},
        verify=client_context(layout.root_certificate),
        timeout=30,
    ) as client:
        seeded = await seed_demo(client, products=40, tills_per_branch=tills_per_branch)
    codes = [till.enrolment_code for till in seeded.tills]
    await Fleet.enrol(installation.tills, codes, url=url, ca=layout.root_certificate)


@asynccontextmanager
async def selling_fleet(installation: Installation, *, url: str = "") -> AsyncIterator[Fleet]:
    """Every enrolled till, ready to sell; reached at `url`, or else at every gateway's own address."""
    async with Fleet.running(
        installation.tills,
        urls=[url] if url else installation.state.gateways,
        ca=installation.layout.root_certificate,
        seed=7,
    ) as fleet:
        await fleet.ready(60)
        await fleet.open_shifts()
        await fleet.stock_up(100_000)
        yield fleet


async def finish_day(fleet: Fleet, timeout_s: float = 180) -> None:
    """No more customers, shifts closed, everything handed over."""
    await fleet.stop_selling()
    await fleet.close_shifts()
    tell_of_network(fleet)
    assert await fleet.drain(timeout_s), fleet.counters()
    assert fleet.counters().stopped == 0


async def sell_more(fleet: Fleet, sales: int, timeout_s: float = 120) -> None:
    """Wait until `sales` more were sold, wherever they are now."""
    wanted = fleet.counters().sales + sales
    await wait_for(lambda: fleet.counters().sales >= wanted, timeout_s)


def tell_of_network(fleet: Fleet) -> None:
    """Tills that wait to reconnect hear that the network is back: a minute's backoff is no news here."""
    for view in fleet.counters().tills:
        if view.state == "waiting":
            fleet.cut(view.device_id)
            fleet.restore(view.device_id)


def acked_in(fleet: Fleet, shard_id: str = "") -> int:
    """Entries that a shard (any, without a name) has acknowledged."""
    return sum(view.acked for view in fleet.counters().tills if shard_id in ("", view.shard_id))


async def acked_more(fleet: Fleet, shard_id: str, entries: int, timeout_s: float = 120) -> None:
    """Wait until `entries` more were acknowledged by a shard (by any, for "")."""
    wanted = acked_in(fleet, shard_id) + entries
    await wait_for(lambda: acked_in(fleet, shard_id) >= wanted, timeout_s)


async def prove(installation: Installation, fleet: Fleet, *, timeout_s: float = 180) -> None:
    """End the day; then nothing acked is missing and nothing is counted twice.

    Said by a count of our own, which trusts nothing but the journals' bytes and two sums in SQL, and by
    `octonext verify`, which looks at everything.
    """
    await finish_day(fleet, timeout_s)
    wanted = await asyncio.to_thread(fleet.totals)
    assert await booked(installation) == {
        branch_id: (branch.sale_count, branch.return_count, branch.total)
        for branch_id, branch in wanted.branches.items()
    }
    await asyncio.to_thread(installation.verify)


async def booked(installation: Installation) -> dict[int, tuple[int, int, int]]:
    """By branch the sales and returns that its shard holds, and what they come to in minor units."""
    query = (
        "SELECT branch_id, count(*) FILTER (WHERE kind = 'sale') AS sales,"
        " count(*) FILTER (WHERE kind = 'return') AS returns, sum(total)::bigint AS total"
        " FROM sale GROUP BY branch_id"
    )
    rows = [row for shard_id in SHARDS for row in await ask_shard(installation, shard_id, query)]
    return {row["branch_id"]: (row["sales"], row["returns"], row["total"]) for row in rows}
