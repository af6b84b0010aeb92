"""The disk of one shard is full: only its branches wait, nothing acked is lost, and space heals it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import asyncpg
import pytest
import pytest_asyncio

from octonext.base.errors import OctoNextError
from octonext.crypto.volume import why_unusable
from octonext.runtime.layout import OWNER_ROLE
from octonext.runtime.postgres import connect
from octonext.sync.messages import Ack, Nack
from octonext.till.fleet import Fleet, Pace

from .conftest import (
    Installation,
    acked_in,
    acked_more,
    enrol_tills,
    make_installation,
    prove,
    selling_fleet,
    wait_for,
)
from .neighbours import undisturbed
from .raw_till import RawTill, line_of, take_till

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("disk_full")]

#: A new shard takes 45 MB; until it is full it needs room for a few segments of WAL of 16 MB.
DISK_MB = 160
PACE = Pace(per_s=8.0)
BALLAST = "ballast"
#: Random, so that no compression makes room for it.
ENTRY_BYTES = 100_000
_CHUNKS = (1 << 20, 1 << 12, 1)


class Disk:
    """The small disk of one shard, seen from outside of the namespace it is mounted in."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        assert installation.process is not None
        self._ballast = Path(f"/proc/{installation.process.pid}/root{folder}") / BALLAST

    @contextlib.contextmanager
    def kept_full(self) -> Iterator[None]:
        """Fill it, and whatever becomes free, until the block ends; then give the space back."""
        over = threading.Event()

        def keep_filling() -> None:
            with self._ballast.open("ab", buffering=0) as ballast:
                while not over.is_set():
                    for size in _CHUNKS:
                        with contextlib.suppress(OSError):
                            while ballast.write(bytes(size)) and not over.is_set():
                                pass
                    over.wait(0.02)

        filling = threading.Thread(target=keep_filling, name="keep the disk full")
        filling.start()
        try:
            yield
        finally:
            over.set()
            filling.join()
            self._ballast.unlink()


def with_own_disk(folder: Path) -> tuple[str, ...]:
    """Words before a command that give it a small disk at `folder`, gone when its last process is."""
    mount = f'mount -t tmpfs -o size={DISK_MB}m,mode=755 tmpfs "$0" && exec "$@"'
    if os.geteuid() == 0:
        return ("unshare", "--mount", "sh", "-c", mount, str(folder))
    # Only root may mount, in a namespace of its own; PostgreSQL wants to be nobody's root again.
    again = ("unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}")
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder), *again)


def may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*with_own_disk(folder), "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.fixture
def small_disk(data_dir: Path) -> Iterator[tuple[Installation, Disk]]:
    """An installation whose shard sa-1 has a small disk of its own, mounted before the first start.

    As root its volume's encrypted files are on that disk. An ordinary user mounts disks only in a user
    namespace, where the setuid fusermount has no rights, so there the shard's files are plain.
    """
    encrypted = os.geteuid() == 0 and why_unusable() is None
    installation = make_installation(data_dir, at_rest="gocryptfs" if encrypted else "none")
    layout = installation.layout
    folder = layout.cipher("sa-1") if encrypted else layout.shard("sa-1")
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    folder.mkdir()
    if not may_mount(folder):
        pytest.skip("mounting a file system is not permitted here")
    installation.prefix = with_own_disk(folder)
    try:
        installation.start()
        yield installation, Disk(installation, folder)
    finally:
        installation.stop()


@pytest_asyncio.fixture
async def watcher(small_disk: tuple[Installation, Disk]) -> RawTill:
    """A till of the shard that shows what the gateway answers."""
    await enrol_tills(small_disk[0])
    return take_till(small_disk[0], "sa-1")


@pytest_asyncio.fixture
async def fleet(small_disk: tuple[Installation, Disk], watcher: RawTill) -> AsyncIterator[Fleet]:
    async with selling_fleet(small_disk[0]) as fleet:
        yield fleet


async def test_a_full_disk_makes_only_its_own_branches_wait_and_heals_when_there_is_space(
    small_disk: tuple[Installation, Disk], watcher: RawTill, fleet: Fleet
) -> None:
    installation, disk = small_disk
    fleet.start_selling(PACE)
    await acked_more(fleet, "kw-1", 10)
    await acked_more(fleet, "sa-1", 10)
    async with undisturbed(fleet, lambda view: view.shard_id == "kw-1"):
        with disk.kept_full():
            held = await push_until_refused(installation, watcher)
            await break_its_log(installation)
            stuck, sold = acked_in(fleet, "sa-1"), sales_in(fleet, "sa-1")
            await wait_for(lambda: sales_in(fleet, "sa-1") >= sold + 30)
            assert acked_in(fleet, "sa-1") == stuck
            await acked_more(fleet, "kw-1", 30)
        await acked_more(fleet, "sa-1", 60, timeout_s=120)
    async with line_of(installation) as line:
        assert (await line.hello(watcher)).acked.seq == held
    pauses = pauses_of(installation, "postgres-sa-1")
    assert pauses == sorted(set(pauses)), "a server that cannot start is tried again ever more rarely"
    assert pauses_of(installation, "gateway-0") == pauses_of(installation, "postgres-kw-1") == []
    await prove(installation, fleet)


async def push_until_refused(installation: Installation, till: RawTill) -> int:
    """Hand over large entries until the shard has no room for the next; how many it has acknowledged."""
    random = Random(7)
    async with line_of(installation) as line:
        await line.hello(till)
        while True:
            till.write(random.randbytes(ENTRY_BYTES))
            await line.send(till.push(till.seq))
            answer = await line.receive()
            if isinstance(answer, Nack):
                assert answer.reason == "overloaded"
                assert answer.retry_after_ms
                return till.seq - 1
            assert isinstance(answer, Ack)


async def break_its_log(installation: Installation) -> None:
    """Ask for new segments of write-ahead log until the server, which cannot go on without, ends."""
    dsn = installation.layout.dsn("shard", "sa-1", role=OWNER_ROLE)
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await connect(dsn, application_name="octonext-test")
                await connection.execute(
                    "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000))"
                )
                await connection.execute("SELECT pg_switch_wal()")
                connection.terminate()
            except (OctoNextError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                if pauses_of(installation, "postgres-sa-1"):
                    return
                await asyncio.sleep(0.05)


def sales_in(fleet: Fleet, shard_id: str) -> int:
    return sum(view.sales for view in fleet.counters().tills if view.shard_id == shard_id)


def pauses_of(installation: Installation, name: str) -> list[float]:
    """How long the supervisor waited, each time, before it started a process that had ended again."""
    lines = installation.layout.log("supervisor").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [
        float(each["pause_s"]) for each in events if each["event"] == "child_ended" and each["child"] == name
    ]
