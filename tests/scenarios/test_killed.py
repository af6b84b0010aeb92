"""`kill -9` at random moments while every till sells: afterwards every sale is there, and there once.

`OCTONEXT_TRIALS` says how many kills of each kind (a handful by default), `OCTONEXT_SEED` which moments.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from random import Random

import pytest

from octonext.processes.os_process import tree
from octonext.till.fleet import Fleet, Pace

from .conftest import Installation, acked_more, kill, prove, sell_more, tell_of_network

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("killed")]

TRIALS = int(os.environ.get("OCTONEXT_TRIALS", "0"))
SEED = int(os.environ.get("OCTONEXT_SEED", "1"))
#: Some push is always on its way, and the machine is not full of selling alone.
PACE = Pace(per_s=6.0)
#: The supervisor's pauses double with every death; a new start begins with the first one again.
KILLS_BEFORE_A_NEW_START = 4
#: Longer than a push and its commit take, so that a blow may fall on any part of them.
MOMENT_MAX_S = 0.03

Blow = Callable[[Installation, Random], str]
"""Kills something; the name of the process that it was, or was a part of."""


def a_gateway(installation: Installation, random: Random) -> str:
    installation.kill("gateway-0")
    return "gateway-0"


def a_shard(installation: Installation, random: Random) -> str:
    """Its postmaster, all of its processes at once, or one of them, which costs all others their work."""
    name = random.choice(["postgres-kw-1", "postgres-sa-1"])
    processes = tree(installation.pid(name))
    how = random.randrange(3)
    if how == 0:
        installation.kill(name)
    elif how == 1:
        kill(processes)
    else:
        kill([random.choice(processes[1:])])
    return name


def the_relay(installation: Installation, random: Random) -> str:
    installation.kill("relay")
    return "relay"


def reporting(installation: Installation, random: Random) -> str:
    installation.kill("reporting")
    return "reporting"


async def strike(installation: Installation, fleet: Fleet, *blows: Blow, trials: int) -> None:
    """Strike `trials` times while tills sell, with each blow in turn, when some more entries are booked."""
    random = Random(f"{SEED}:{os.environ.get('PYTEST_CURRENT_TEST', '')}")
    fleet.start_selling(PACE)
    for trial in range(trials):
        tell_of_network(fleet)
        await acked_more(fleet, "", random.randint(1, 60))
        # No wait for anything: the blow must not always fall on the same part of a push.
        await asyncio.sleep(random.uniform(0, MOMENT_MAX_S))
        before = {each.name: each.pid or 0 for each in installation.state.processes}
        name = blows[trial % len(blows)](installation, random)
        await sell_more(fleet, 5)
        if trial % KILLS_BEFORE_A_NEW_START == KILLS_BEFORE_A_NEW_START - 1:
            installation.kill_everything()
            await asyncio.to_thread(installation.start)
        await installation.wait_until_back(name, before[name])
    lost = fleet.counters().acks_lost
    logging.getLogger(__name__).info("%d kills; %d pushes were booked and not acked", trials, lost)
    await prove(installation, fleet)


async def test_a_gateway_killed_in_the_middle_of_pushes_loses_and_doubles_nothing(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    await strike(shared_installation, shared_fleet, a_gateway, trials=TRIALS or 3)


async def test_a_shard_killed_in_the_middle_of_commits_loses_and_doubles_nothing(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    await strike(shared_installation, shared_fleet, a_shard, trials=TRIALS or 3)


async def test_a_relay_or_reporting_killed_in_the_middle_of_inserts_leaves_the_reports_whole(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    await strike(shared_installation, shared_fleet, the_relay, reporting, trials=TRIALS or 3)


async def test_everything_killed_at_once_goes_on_where_it_was(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    random = Random(SEED)
    shared_fleet.start_selling(PACE)
    for _ in range(TRIALS or 2):
        tell_of_network(shared_fleet)
        await acked_more(shared_fleet, "", random.randint(1, 60))
        await asyncio.sleep(random.uniform(0, MOMENT_MAX_S))
        shared_installation.kill_everything()
        shared_installation.require_nothing_left()
        await sell_more(shared_fleet, 10)
        await asyncio.to_thread(shared_installation.start)
    await prove(shared_installation, shared_fleet)


async def test_a_killed_supervisor_takes_its_processes_with_it_and_a_second_start_works(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    shared_fleet.start_selling(PACE)
    for _ in range(TRIALS or 1):
        tell_of_network(shared_fleet)
        await acked_more(shared_fleet, "", 40)
        shared_installation.kill_supervisor()
        await asyncio.to_thread(shared_installation.require_nothing_left)
        await sell_more(shared_fleet, 10)
        await asyncio.to_thread(shared_installation.start)
    await prove(shared_installation, shared_fleet)


async def test_a_start_right_after_the_supervisor_was_killed_finds_its_way(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    shared_fleet.start_selling(PACE)
    await acked_more(shared_fleet, "", 20)
    # A frozen child cannot end with its supervisor: the next start has to.
    shared_installation.freeze("postgres-sa-1")
    shared_installation.freeze("gateway-0")
    shared_installation.kill_supervisor()
    shared_installation.frozen.clear()
    await asyncio.to_thread(shared_installation.start)
    await prove(shared_installation, shared_fleet)
