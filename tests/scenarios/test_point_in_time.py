"""One shard is lost and comes back as it was at a chosen second, while everybody else goes on."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from datetime import datetime
from pathlib import Path

import pytest

from octonext.processes.backup.state import read_backup_state
from octonext.till.fleet import Fleet, Pace

from .conftest import (
    POLL_S,
    Installation,
    acked_more,
    ask_shard,
    enrol_tills,
    make_installation,
    octonext,
    prove,
    selling_fleet,
    tell_of_network,
    wait_for,
)

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("point in time")]

PACE = Pace(per_s=5.0)
SHARD = "kw-1"


def run(installation: Installation, *arguments: str) -> str:
    """A command that succeeds; what it said."""
    done = octonext(*arguments, "--data", str(installation.data_dir))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def booked(installation: Installation) -> tuple[int, float]:
    """How many pushes the shard holds, and its clock (Unix seconds)."""
    [row] = await ask_shard(
        installation,
        SHARD,
        "SELECT count(*) AS pushes, extract(epoch FROM clock_timestamp())::float8 AS at FROM push",
    )
    return int(row["pushes"]), float(row["at"])


def lose(installation: Installation) -> None:
    """The shard's files are gone, its encrypted volume as well where it has one."""
    layout = installation.layout
    shutil.rmtree(layout.cipher(SHARD) if layout.cipher(SHARD).exists() else layout.postgres_data(SHARD))


async def archived_beyond(installation: Installation, at: float) -> None:
    """Until everything committed before `at` is in the archive."""

    def is_in() -> bool:
        state = read_backup_state(installation.layout)
        return state is not None and all(
            each.complete_until is not None and each.complete_until > at and each.backed_up_at is not None
            for each in state.databases
        )

    await wait_for(is_in)


async def test_a_lost_shard_comes_back_at_a_chosen_second_and_its_tills_bring_the_rest(
    data_dir: Path,
) -> None:
    installation = make_installation(data_dir)
    configured = installation.layout.config.read_text(encoding="utf-8")
    installation.layout.config.write_text(
        configured + f'\n[backup]\nfolder = "{data_dir / "elsewhere"}"\n', encoding="utf-8"
    )
    try:
        await asyncio.to_thread(installation.start)
        await enrol_tills(installation)
        async with selling_fleet(installation) as fleet:
            await _lose_and_restore(installation, fleet)
    finally:
        await asyncio.to_thread(installation.stop)


async def _lose_and_restore(installation: Installation, fleet: Fleet) -> None:
    fleet.start_selling(PACE)
    await acked_more(fleet, SHARD, 20)
    await archived_beyond(installation, time.time())
    await acked_more(fleet, SHARD, 20)
    async with asyncio.timeout(60):
        # A moment at which the count and the clock surely belong together: nothing came in between.
        while True:
            before = await booked(installation)
            after = await booked(installation)
            if before[0] == after[0]:
                break
            await asyncio.sleep(POLL_S)
    noted = (before[1] + after[1]) / 2
    await acked_more(fleet, SHARD, 20)
    assert (await booked(installation))[0] > before[0]
    # The note and some of what came after it are archived.
    await archived_beyond(installation, noted + 0.5)

    await asyncio.to_thread(run, installation, "down", "--database", SHARD)
    lose(installation)
    await acked_more(fleet, "sa-1", 20)
    at = f"{noted:.6f}"
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(noted)) + at[at.index(".") :] + "+00:00"
    said = await asyncio.to_thread(run, installation, "restore", "--database", SHARD, "--at", moment)
    last = re.search(r"last transaction is of (\S+ \S+)\n", said)
    assert last is not None, said
    assert datetime.fromisoformat(last[1].replace("+00", "+00:00")).timestamp() <= noted
    await acked_more(fleet, "sa-1", 10)
    await asyncio.to_thread(run, installation, "up", "--database", SHARD)

    # Its tills are welcome, send again what it lost, and go on selling.
    await acked_more(fleet, SHARD, 20)
    cases = await ask_shard(
        installation, SHARD, "SELECT count(*) AS count FROM opened_case WHERE kind = 'shard_went_back'"
    )
    assert cases[0]["count"] > 0
    await asyncio.to_thread(run, installation, "feeds", "reset", "--source", SHARD)
    # Reporting has no backup: what it held is read again from the others.
    await asyncio.to_thread(installation.stop)
    shutil.rmtree(installation.layout.reporting)
    await asyncio.to_thread(installation.start)
    tell_of_network(fleet)
    await prove(installation, fleet)
    await asyncio.to_thread(run, installation, "restore", "--database", SHARD, "--forget")
