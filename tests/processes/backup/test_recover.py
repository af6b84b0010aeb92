"""A database comes back as it was at any second, and what was there stays until somebody says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from octonext.crypto.keyring import Keyring
from octonext.crypto.sealed_stream import SealKeyMissing, SealRefused
from octonext.processes.backup.domain import NoSuchBackup, Wish
from octonext.processes.backup.folder import BackupDamaged, BackupFolder
from octonext.processes.backup.recover import LogMissing, StillRuns, restore
from octonext.processes.backup.swap import OldDataKept, before, forget, restoring
from octonext.runtime.secrets import SecretSource

from .conftest import History

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("backup")]


ENDED_TIMEOUT_S = 60.0


def silent(_line: str) -> None:
    """Nobody watches."""


async def sold_after_start(history: History) -> list[int]:
    await history.database.start()
    try:
        return await history.database.sold()
    finally:
        await history.database.stop()


async def test_a_database_comes_back_as_it_was_at_a_second_after_the_backup(history: History) -> None:
    server = history.database.server
    done = await restore(history.vault, server, Wish(at=history.noted), latest=False, say=silent)
    assert done.backup == history.manifest.backup
    assert await sold_after_start(history) == list(range(1, 201))
    # What was there is kept, and nothing is restored over it.
    assert before(server.data_dir).is_dir()
    with pytest.raises(OldDataKept, match="--forget"):
        await restore(history.vault, server, Wish(at=history.noted), latest=False, say=silent)
    assert forget(server.data_dir)


async def test_a_lost_database_comes_back_with_everything_that_was_archived(history: History) -> None:
    server = history.database.server
    shutil.rmtree(server.data_dir)
    await restore(history.vault, server, Wish(), latest=True, say=silent)
    assert not before(server.data_dir).exists()
    assert await sold_after_start(history) == list(range(1, 301))


async def test_a_backup_alone_becomes_what_it_was_when_it_ended(history: History) -> None:
    server = history.database.server
    shutil.rmtree(server.data_dir)
    wish = Wish(backup=history.manifest.backup)
    await restore(history.vault, server, wish, latest=False, say=silent)
    assert await sold_after_start(history) == list(range(1, 101))


async def test_a_time_before_the_backups_or_behind_the_log_is_refused(history: History) -> None:
    server = history.database.server
    early = Wish(at=history.manifest.finished_at - 1)
    with pytest.raises(NoSuchBackup):
        await restore(history.vault, server, early, latest=False, say=silent)
    with pytest.raises(LogMissing, match="does not reach"):
        await restore(history.vault, server, Wish(at=history.ended + 3600), latest=False, say=silent)
    with pytest.raises(NoSuchBackup, match="There is no backup yesterday"):
        await restore(history.vault, server, Wish(backup="yesterday"), latest=False, say=silent)


async def test_a_running_database_is_not_touched(history: History) -> None:
    await history.database.start()
    try:
        with pytest.raises(StillRuns, match="octonext down"):
            await restore(history.vault, history.database.server, Wish(), latest=True, say=silent)
    finally:
        await history.database.stop()


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def _base(vault: BackupFolder, name: str) -> Path:
    return vault.base / vault.backups()[-1] / name


def _segment(vault: BackupFolder, number: int) -> Path:
    return list(vault.segments(vault.runs()[-1].run).values())[number]


@pytest.mark.parametrize(
    ("damage", "refusal"),
    [
        (lambda vault: _flip(_base(vault, "base.tar.sealed"), 5_000_000), SealRefused),
        (lambda vault: os.truncate(_base(vault, "base.tar.sealed"), 5_000_000), SealRefused),
        (lambda vault: _flip(_base(vault, "manifest.sealed"), -1), SealRefused),
        (lambda vault: _flip(_segment(vault, -1), 300), SealRefused),
        (lambda vault: _segment(vault, -1).unlink(), BackupDamaged),
        (lambda vault: os.truncate(_segment(vault, -1), 300), BackupDamaged),
    ],
    ids=[
        "a bit of the base",
        "the base cut short",
        "a bit of the manifest",
        "a bit of the log",
        "the newest segment gone",
        "the newest segment cut short",
    ],
)
async def test_a_damaged_backup_is_refused_and_the_old_data_stays_as_it_was(
    history: History, tmp_path: Path, damage: object, refusal: type[Exception]
) -> None:
    vault = history.copied(tmp_path)
    assert callable(damage)
    damage(vault)
    server = history.database.server
    files = sorted(server.data_dir.rglob("*"))
    with pytest.raises(refusal):
        await restore(vault, server, Wish(at=history.noted), latest=False, say=silent)
    assert not restoring(server.data_dir).exists()
    assert sorted(server.data_dir.rglob("*")) == files


async def test_without_its_key_or_with_another_one_a_backup_stays_closed(
    history: History, tmp_path: Path
) -> None:
    keys = tmp_path / "other"
    other = Keyring.create(keys, SecretSource(file=keys / "master.key"))
    vault = replace(history.vault, keyring=other)
    with pytest.raises(SealKeyMissing, match="keyring"):
        await restore(vault, history.database.server, Wish(), latest=True, say=silent)
    other.put("backup", history.manifest.key, bytes(32))
    with pytest.raises(SealRefused, match="another key"):
        await restore(vault, history.database.server, Wish(), latest=True, say=silent)


KILLED = """
import asyncio, os, signal, sys
import pickle
from pathlib import Path
from octonext.crypto.keyring import Keyring
from octonext.processes.backup.domain import Wish
from octonext.processes.backup.folder import BackupFolder
from octonext.processes.backup.recover import restore
from octonext.runtime.secrets import SecretSource
root, keys, server, word = pickle.loads(bytes.fromhex(sys.argv[1]))
vault = BackupFolder(root, "kw-1", Keyring.open(keys, SecretSource(file=keys / "master.key")))
def say(line):
    if word in line:
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(restore(vault, server, Wish(), latest=True, say=say))
"""


@pytest.mark.parametrize("word", ["base backup", "log: segment"])
async def test_a_restore_killed_in_the_middle_leaves_the_old_data_usable(history: History, word: str) -> None:
    assert history.vault.keyring_file is not None
    server = history.database.server
    sold = await sold_after_start(history)
    given = pickle.dumps((history.vault.root, history.vault.keyring_file.parent, server, word)).hex()
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, given], check=False, capture_output=True
    )
    assert done.returncode == -9, done.stderr
    assert restoring(server.data_dir).exists()
    assert await sold_after_start(history) == sold
    # And it can be done again.
    await restore(history.vault, server, Wish(), latest=True, say=silent)
    assert await sold_after_start(history) == list(range(1, 301))
    assert forget(server.data_dir)


async def test_a_server_that_a_killed_restore_left_is_ended_before_its_folder_is_cleared(
    history: History,
) -> None:
    server = history.database.server
    sockets = Path(tempfile.mkdtemp(prefix="octonext-test-", dir="/tmp"))
    left = replace(server, data_dir=restoring(server.data_dir), socket_dir=sockets)
    try:
        await asyncio.to_thread(
            subprocess.run, ["cp", "-a", str(server.data_dir), str(left.data_dir)], check=True
        )
        left.prepare()
        orphan = await asyncio.create_subprocess_exec(
            *left.command(), stderr=subprocess.DEVNULL, **left.popen_arguments()
        )
        try:
            await left.ready(running=lambda: orphan.returncode is None)
            await restore(history.vault, server, Wish(), latest=True, say=silent)
            assert await asyncio.wait_for(orphan.wait(), ENDED_TIMEOUT_S) is not None
        finally:
            with contextlib.suppress(ProcessLookupError):
                orphan.kill()
        assert await sold_after_start(history) == list(range(1, 301))
        assert forget(server.data_dir)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
