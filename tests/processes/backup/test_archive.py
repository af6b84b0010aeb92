"""A database's log is archived without a gap, sealed, and known for another's when it is one."""

from __future__ import annotations

import asyncio
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from octonext.processes.backup.base import make_backup
from octonext.processes.backup.check import check
from octonext.processes.backup.command import _rows
from octonext.processes.backup.domain import Wish
from octonext.processes.backup.folder import BackupBusy, BackupFolder
from octonext.processes.backup.recover import restore
from octonext.processes.cluster.binaries import installed_programs

from .conftest import Database, archived, archiving, back_up, until

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("backup")]

MARKER = b"octonext-marker-of-a-sale-that-nobody-may-read"


def problems(vault: BackupFolder) -> list[str]:
    return [finding.problem for finding in check(vault) if finding.problem]


def copied(source: Path, target: Path) -> None:
    """As it is, with owners and times."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


async def test_an_archive_goes_on_over_restarts_of_both_sides_and_begins_anew_for_another_history(
    database: Database, vault: BackupFolder, tmp_path: Path
) -> None:
    await database.start()
    async with archiving(vault, database) as archiver:
        await database.sell(1, 50)
        await archived(archiver, database, vault)
        await back_up(vault, database)
        # A crash: the server is killed and comes back under the living archiver.
        await database.stop(signal.SIGKILL)
        await database.start()
        await database.sell(51, 100)
        await archived(archiver, database, vault)
    await database.run("SELECT pg_logical_emit_message(true, 'test', repeat($1, 20))", MARKER.decode())
    await database.sell(101, 150)
    async with archiving(vault, database) as archiver:
        await archived(archiver, database, vault)
        await database.stop()
    assert len(vault.runs()) == 1
    assert problems(vault) == []

    # The whole folder is copied, goes on, and is put back: a log of the same name and another content.
    copy = tmp_path / "copy"
    await asyncio.to_thread(copied, database.server.data_dir, copy)
    await database.start()
    async with archiving(vault, database) as archiver:
        await database.sell(151, 200)
        await archived(archiver, database, vault)
        await database.stop()
        shutil.rmtree(database.server.data_dir)
        await asyncio.to_thread(copied, copy, database.server.data_dir)
        await database.start()
        await database.sell(1001, 1050)
        await until(lambda: len(vault.runs()) == 2)
        await archived(archiver, database, vault)
        await back_up(vault, database)
        await database.sell(1051, 1100)
        await archived(archiver, database, vault)
        await database.stop()
    assert problems(vault) == []
    await restore(vault, database.server, Wish(), latest=True, say=lambda _line: None)
    await database.start()
    assert await database.sold() == [*range(1, 151), *range(1001, 1101)]
    assert not any(MARKER in path.read_bytes() for path in vault.root.rglob("*") if path.is_file())


async def test_only_the_newest_backups_stay_with_the_log_that_they_need(
    database: Database, vault: BackupFolder
) -> None:
    await database.start()
    async with archiving(vault, database) as archiver:
        made = []
        for number in range(3):
            await database.sell(number * 10, number * 10 + 9)
            await database.run("SELECT pg_switch_wal()")
            made.append(await back_up(vault, database, keep=2))
        await archived(archiver, database, vault)
    assert vault.backups() == [each.backup for each in made[1:]]
    assert vault.find_key(made[0].key) is None
    assert problems(vault) == []
    # With the master key, a copy of the folder is enough.
    assert (vault.root / "keyring.json").exists()


KILLED = """
import asyncio, os, pickle, resource, signal, sys
from octonext.crypto.keyring import Keyring
from octonext.processes.backup.base import make_backup
from octonext.processes.backup.folder import BackupFolder
from octonext.processes.cluster.binaries import installed_programs
from octonext.runtime.secrets import SecretSource
root, keys, sockets, full = pickle.loads(bytes.fromhex(sys.argv[1]))
vault = BackupFolder(root, "kw-1", Keyring.open(keys, SecretSource(file=keys / "master.key")))
if full:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
def progress(done):
    if done > 8_000_000 and not full:
        os.kill(os.getpid(), signal.SIGKILL)
try:
    programs = installed_programs() / "bin"
    asyncio.run(make_backup(vault, sockets, programs, keep=7, progress=progress))
except OSError as error:
    sys.exit(f"no room: {error.strerror}")
"""


async def ended(vault: BackupFolder, database: Database, *, full: bool) -> subprocess.CompletedProcess[str]:
    assert vault.keyring_file is not None
    given = pickle.dumps((vault.root, vault.keyring_file.parent, database.server.socket_dir, full)).hex()
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, given], check=False, capture_output=True, text=True
    )


async def test_what_a_killed_backup_leaves_is_shown_as_unfinished_and_goes_with_the_next(
    database: Database, vault: BackupFolder
) -> None:
    await database.start()
    assert (await ended(vault, database, full=False)).returncode == -signal.SIGKILL
    [left] = vault.unfinished()
    assert vault.backups() == []
    assert ["unfinished" in row[2] for row in _rows(vault)] == [True]
    with vault.locked(), pytest.raises(BackupBusy):
        await make_backup(vault, database.server.socket_dir, installed_programs() / "bin", keep=7)
    # A full disk is said, and leaves nothing that would keep it full.
    full = await ended(vault, database, full=True)
    assert "no room" in full.stderr
    assert vault.unfinished() == []
    manifest = await back_up(vault, database)
    assert vault.backups() == [manifest.backup] != [left]
    assert problems(vault) == []
