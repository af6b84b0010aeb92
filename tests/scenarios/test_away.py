"""Something is away all day: the checkouts go on, and once it is back nothing is missing there either."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from octonext.till.fleet import Fleet, Pace

from .conftest import Installation, acked_more, finish_day, octonext, prove

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("away")]

PACE = Pace(per_s=5.0)


async def acked_everywhere(fleet: Fleet, entries: int) -> None:
    await acked_more(fleet, "kw-1", entries)
    await acked_more(fleet, "sa-1", entries)


async def test_without_head_office_all_day_every_till_sells_also_through_a_new_gateway(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    with shared_installation.kept_down("postgres-hq"):
        shared_fleet.start_selling(PACE)
        await acked_everywhere(shared_fleet, 50)
        before = shared_installation.pid("gateway-0")
        shared_installation.kill("gateway-0")
        await shared_installation.wait_until_back("gateway-0", before)
        await acked_everywhere(shared_fleet, 50)
        await finish_day(shared_fleet)
    await shared_installation.wait_until_running()
    await prove(shared_installation, shared_fleet)


@pytest.mark.parametrize("process", ["reporting", "relay"])
async def test_without_what_feeds_the_reports_all_day_they_are_whole_once_it_is_back(
    shared_installation: Installation, shared_fleet: Fleet, process: str
) -> None:
    with shared_installation.kept_down(process):
        shared_fleet.start_selling(PACE)
        await acked_everywhere(shared_fleet, 100)
        await finish_day(shared_fleet)
    await shared_installation.wait_until_running(process)
    await prove(shared_installation, shared_fleet)


#: Loses one receipt and doubles one payment behind everybody's back; the store has one user at a time.
DAMAGE = """
import fcntl, sys, clickhouse_connect
lock = open(f"{sys.argv[1]}/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
store = clickhouse_connect.get_client(interface="chdb", path=f"{sys.argv[1]}/chdb")
[[branch, device, seq]] = store.query("SELECT branch_id, device_id, seq FROM sale LIMIT 1").result_rows
store.command(
    f"ALTER TABLE sale DELETE WHERE branch_id = {branch} AND device_id = {device} AND seq = {seq}",
    settings={"mutations_sync": 2},
)
store.command("INSERT INTO payment SELECT * FROM payment LIMIT 1")
store.close()
"""


async def test_a_row_that_the_reports_lost_and_one_that_they_count_twice_are_found(
    shared_installation: Installation, shared_fleet: Fleet
) -> None:
    """The last one of this module: what it breaks stays broken."""
    shared_fleet.start_selling(PACE)
    await acked_everywhere(shared_fleet, 20)
    await prove(shared_installation, shared_fleet)
    with shared_installation.kept_down("reporting"):
        store = str(shared_installation.layout.reporting)
        damaging = await asyncio.create_subprocess_exec(sys.executable, "-c", DAMAGE, store)
        assert await damaging.wait() == 0
    await shared_installation.wait_until_running("reporting")

    checked = await asyncio.to_thread(
        octonext, "verify", "--data", str(shared_installation.data_dir), "--json"
    )
    assert checked.returncode == 2, checked.stdout + checked.stderr
    verdicts = json.loads(checked.stdout)["checks"]
    broken = {each["check"] for each in verdicts if each["state"] == "broken"}
    assert broken == {"report-totals", "report-payments"}
