"""Days on which things go wrong: afterwards every sale is there once, and `octonext verify` says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from octonext.till.fleet import Fleet, Pace

from .conftest import Installation, finish_day, sell_more

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("chain")]

PACE = Pace(per_s=6.0)


def acked_in(fleet: Fleet, shard_id: str) -> int:
    return sum(view.acked for view in fleet.counters().tills if view.shard_id == shard_id)


async def acked_more(fleet: Fleet, shard_id: str, entries: int, timeout_s: float = 30) -> None:
    before = acked_in(fleet, shard_id)
    async with asyncio.timeout(timeout_s):
        while acked_in(fleet, shard_id) < before + entries:
            await asyncio.sleep(0.02)


async def test_killing_any_process_and_then_all_of_them_loses_and_doubles_nothing(
    installation: Installation, fleet: Fleet, eventually: Callable[..., Awaitable[None]]
) -> None:
    fleet.start_selling(PACE)
    await sell_more(fleet, 20)
    for name in ("gateway-0", "postgres-kw-1", "relay", "reporting", "postgres-hq", "postgres-sa-1"):
        before = installation.pid(name)
        installation.kill(name)
        await sell_more(fleet, 10)
        await eventually(lambda name=name, before=before: installation.pid(name) not in (0, before))
    await sell_more(fleet, 20)
    installation.kill_everything()
    await sell_more(fleet, 20)
    await asyncio.to_thread(installation.start)
    await finish_day(fleet)
    await asyncio.to_thread(installation.verify)


async def test_a_frozen_shard_stops_its_own_branches_only_and_catches_up(
    installation: Installation, fleet: Fleet
) -> None:
    fleet.start_selling(PACE)
    await acked_more(fleet, "kw-1", 10)
    installation.freeze("postgres-sa-1")
    await acked_more(fleet, "kw-1", 60)
    stuck = acked_in(fleet, "sa-1")
    sold = fleet.counters().sales
    await acked_more(fleet, "kw-1", 60)
    assert acked_in(fleet, "sa-1") == stuck
    assert fleet.counters().sales > sold
    installation.thaw("postgres-sa-1")
    await acked_more(fleet, "sa-1", 60)
    await finish_day(fleet)
    await asyncio.to_thread(installation.verify)


async def test_while_head_office_is_down_a_new_gateway_still_serves_every_till(
    installation: Installation, fleet: Fleet, eventually: Callable[..., Awaitable[None]]
) -> None:
    fleet.start_selling(PACE)
    await acked_more(fleet, "kw-1", 5)
    installation.freeze("postgres-hq")
    before = installation.pid("gateway-0")
    installation.kill("gateway-0")
    await eventually(lambda: installation.pid("gateway-0") not in (0, before))
    await acked_more(fleet, "kw-1", 40)
    await acked_more(fleet, "sa-1", 40)
    installation.thaw("postgres-hq")
    await finish_day(fleet)
    await asyncio.to_thread(installation.verify)
