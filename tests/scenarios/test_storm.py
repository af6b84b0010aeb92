"""A gateway dies with its tills connected: all of them come back at once, and all are welcome again.

`OCTONEXT_STORM_TILLS` says how many; a chain's 2,000 take 14,000 open files and some minutes' patience.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from octonext.crypto.signature import generate_device_key, private_to_der, public_spki
from octonext.runtime.layout import OWNER_ROLE
from octonext.runtime.postgres import connect
from octonext.till.domain.attempt import BACKOFF_MAX_S
from octonext.till.store import Identity, Journal

from .conftest import Installation, selling_fleet
from .neighbours import selling, undisturbed

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("storm")]

GATEWAYS = 2
TILLS = int(os.environ.get("OCTONEXT_STORM_TILLS", "300"))
#: The longest pause between two attempts, twice: an attempt may meet a gateway that is full of others.
BACK_TIMEOUT_S = 2 * BACKOFF_MAX_S


class Crowd:
    """The tills in their own process, by what it says of them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.online = 0
        self.stopped = 0
        self._process = process

    async def wait_until_online(self, least: int, most: int, timeout_s: float) -> None:
        """Until so many are connected."""
        assert self._process.stdout is not None
        async with asyncio.timeout(timeout_s):
            while not least <= self.online <= most:
                line = await self._process.stdout.readline()
                assert line, "the crowd has gone"
                said = json.loads(line)
                self.online, self.stopped = said["online"], said["stopped"]


@pytest.fixture
def journals() -> Iterator[Path]:
    """Where nothing has to be written to a disk: two thousand journals are not what is tested."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="octonext-storm-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


async def test_when_all_tills_reconnect_at_once_all_are_welcome_and_checkouts_elsewhere_go_on(
    shared_installation: Installation, journals: Path
) -> None:
    storming, calm = shared_installation.state.gateways
    await enrol_crowd(shared_installation, journals)
    async with (
        crowd_at(shared_installation, storming, journals) as crowd,
        selling_fleet(shared_installation, url=calm) as fleet,
        selling(shared_installation, fleet),
    ):
        await crowd.wait_until_online(TILLS, TILLS, BACK_TIMEOUT_S)
        pid = shared_installation.pid("gateway-0")
        async with undisturbed(fleet):
            shared_installation.kill("gateway-0")
            await crowd.wait_until_online(0, 0, BACK_TIMEOUT_S)
            await shared_installation.wait_until_back("gateway-0", pid)
            await crowd.wait_until_online(TILLS, TILLS, BACK_TIMEOUT_S)
        assert crowd.stopped == 0
        assert shared_installation.pid("gateway-0") not in (0, pid)


@contextlib.asynccontextmanager
async def crowd_at(installation: Installation, url: str, journals: Path) -> AsyncIterator[Crowd]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("storm_tills.py")),
        *(str(journals), url, str(installation.layout.root_certificate)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Crowd(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.communicate()
    assert process.returncode == 0


async def enrol_crowd(installation: Installation, journals: Path) -> None:
    """Enrol the tills as head office would, all of them in one statement, and make their journals."""
    known = [_identity(folder) for folder in sorted(installation.tills.iterdir())]
    keys = [generate_device_key() for _ in range(TILLS)]
    models = [known[number % len(known)] for number in range(TILLS)]
    connection = await connect(
        installation.layout.dsn("hq", role=OWNER_ROLE), application_name="octonext-test"
    )
    try:
        rows = await connection.fetch(
            "INSERT INTO device (branch_id, code, status, public_key, enrolled_at)"
            " SELECT branch, 'S' || n, 'enrolled', key, now()"
            " FROM unnest($1::int[], $2::bytea[]) WITH ORDINALITY AS t (branch, key, n)"
            " RETURNING device_id, code, public_key",
            [model.branch_id for model in models],
            [public_spki(key) for key in keys],
        )
    finally:
        await connection.close()
    numbered = {row["public_key"]: row for row in rows}
    for model, key in zip(models, keys, strict=True):
        row = numbered[public_spki(key)]
        identity = replace(
            model,
            device_id=row["device_id"],
            device_code=row["code"],
            device_key=private_to_der(key),
        )
        Journal.create(journals / f"till-{row['device_id']:06d}", identity).close()


def _identity(folder: Path) -> Identity:
    with contextlib.closing(Journal.open(folder)) as journal:
        return journal.identity
