"""Two gateways: one of them, or the shard behind both, hangs, dies or goes for an update while tills sell."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from octonext.processes.os_process import wait_until_gone
from octonext.till.fleet import Fleet, Pace

from .conftest import (
    Installation,
    acked_in,
    acked_more,
    finish_day,
    prove,
    sell_more,
    selling_fleet,
    tell_of_network,
    wait_for,
)
from .forwarder import Forwarder

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("gateways")]

GATEWAYS = 2
PACE = Pace(per_s=5.0)


async def test_a_frozen_shard_stops_its_own_branches_only_and_catches_up(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    shared_fleet.start_selling(PACE)
    await acked_more(shared_fleet, "kw-1", 10)
    shared_installation.freeze("postgres-sa-1")
    await acked_more(shared_fleet, "kw-1", 60)
    stuck = acked_in(shared_fleet, "sa-1")
    await sell_more(shared_fleet, 60)
    await acked_more(shared_fleet, "kw-1", 60)
    assert acked_in(shared_fleet, "sa-1") == stuck
    shared_installation.thaw("postgres-sa-1")
    await acked_more(shared_fleet, "sa-1", 60)
    await prove(shared_installation, shared_fleet)


async def test_a_shard_that_freezes_again_and_again_books_what_it_can_in_between(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    shared_fleet.start_selling(PACE)
    for _ in range(4):
        await acked_more(shared_fleet, "kw-1", 20)
        shared_installation.freeze("postgres-kw-1")
        await acked_more(shared_fleet, "sa-1", 20)
        shared_installation.thaw("postgres-kw-1")
    await acked_more(shared_fleet, "kw-1", 60)
    await prove(shared_installation, shared_fleet)


async def test_gateways_that_are_renewed_one_after_the_other_stop_no_checkout(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    shared_fleet.start_selling(PACE)
    for name in ("gateway-0", "gateway-1"):
        await acked_more(shared_fleet, "", 40)
        before = shared_installation.pid(name)
        os.kill(before, signal.SIGTERM)
        await acked_more(shared_fleet, "kw-1", 20)
        await acked_more(shared_fleet, "sa-1", 20)
        assert not await asyncio.to_thread(wait_until_gone, [before], 60)
        await shared_installation.wait_until_back(name, before)
    await acked_more(shared_fleet, "", 40)
    await prove(shared_installation, shared_fleet)


async def test_behind_one_address_the_gateway_that_is_left_serves_every_till(
    shared_installation: Installation,
) -> None:
    await shared_installation.wait_until_running()
    async with (
        Forwarder(shared_installation.state.gateways) as one_address,
        selling_fleet(shared_installation, url=one_address.url) as fleet,
    ):
        fleet.start_selling(PACE)
        await acked_more(fleet, "", 60)
        with shared_installation.kept_down("gateway-1"):
            await wait_for(lambda: fleet.counters().online < len(fleet.members))
            tell_of_network(fleet)
            await wait_for(lambda: fleet.counters().online == len(fleet.members))
            await acked_more(fleet, "kw-1", 40)
            await acked_more(fleet, "sa-1", 40)
            await finish_day(fleet)
        await prove(shared_installation, fleet)


async def test_tills_of_a_frozen_gateway_go_to_the_other_one_within_the_promised_time(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    views = shared_fleet.counters().tills
    stuck = {view.device_id for view in views if view.device_id % GATEWAYS == 1}
    assert 0 < len(stuck) < len(views)
    shared_fleet.start_selling(Pace(per_s=2.0))
    await acked_more(shared_fleet, "", 20)
    shared_installation.freeze("gateway-1")
    then = {view.device_id: view.entries for view in shared_fleet.counters().tills}

    def has_moved(device_id: int) -> bool:
        [view] = [view for view in shared_fleet.counters().tills if view.device_id == device_id]
        return view.acked > then[device_id]

    await wait_for(lambda: all(has_moved(device_id) for device_id in then), 120)
    await finish_day(shared_fleet)
    shared_installation.thaw("gateway-1")
    await shared_installation.wait_until_running()
    await prove(shared_installation, shared_fleet)
