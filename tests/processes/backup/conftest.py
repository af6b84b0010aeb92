"""A real server of its own that can be stopped, damaged and started again, and a backup folder."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from octonext.crypto.keyring import Keyring, keyring_file
from octonext.processes.backup.archive import Archiver
from octonext.processes.backup.base import make_backup
from octonext.processes.backup.domain import Manifest
from octonext.processes.backup.folder import BackupFolder
from octonext.processes.backup.wal import parse_lsn
from octonext.processes.cluster.binaries import choose_user, installed_programs, reachable_programs
from octonext.processes.cluster.server import PostgresServer
from octonext.runtime.postgres import connect
from octonext.runtime.secrets import SecretSource

TIMEOUT_S = 60.0
POLL_S = 0.02


class Database:
    """A server with a table `sale (number, at)`; each statement on a connection of its own."""

    def __init__(self, folder: Path, name: str = "kw-1") -> None:
        user = choose_user(None)
        self.server = PostgresServer(
            name=name,
            data_dir=folder / name / "data",
            socket_dir=folder / f"{name}.sock",
            log_dir=folder / name / "log",
            bin_dir=reachable_programs(user, folder / "postgresql"),
            user=user,
            durable=False,
        )
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self.server.prepare)
        process = self._spawn()
        await self.server.ready(running=lambda: process.poll() is None)
        if await self.server.create_database():
            await self.run("CREATE TABLE sale (number bigint PRIMARY KEY, at timestamptz NOT NULL)")

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            self.server.command(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.server.popen_arguments(),
        )
        return self._process

    async def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Not on the loop: a server that stops waits for the archiver, which lives there."""
        await asyncio.to_thread(self.end, how)

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(TIMEOUT_S)
            self._process = None
            self.server.end_orphans()

    async def run(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        connection = await connect(self.server.dsn(), application_name="octonext-test")
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    async def sell(self, first: int, last: int) -> float:
        """Sales of these numbers; a time (Unix seconds) after they were committed, before anything else."""
        await self.run(
            "INSERT INTO sale SELECT number, now() FROM generate_series($1::bigint, $2) AS number",
            first,
            last,
        )
        [(at,)] = await self.run("SELECT extract(epoch FROM clock_timestamp())::float8")
        assert isinstance(at, float)
        return at

    async def sold(self) -> list[int]:
        return [int(str(number)) for (number,) in await self.run("SELECT number FROM sale ORDER BY number")]

    async def position(self) -> int:
        [(lsn,)] = await self.run("SELECT pg_current_wal_flush_lsn()::text")
        return parse_lsn(str(lsn))


@pytest.fixture(scope="module")
def place(traversable_dir: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="backup-", dir=traversable_dir))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def new_vault(folder: Path) -> BackupFolder:
    """An empty backup folder of kw-1, with a keyring of its own."""
    keys = folder / "keys"
    keyring = Keyring.create(keys, SecretSource(file=keys / "master.key"))
    return BackupFolder(folder / "backups", "kw-1", keyring, keyring_file(keys))


@pytest.fixture
def vault(tmp_path: Path) -> BackupFolder:
    return new_vault(tmp_path)


@contextmanager
def new_database(place: Path) -> Iterator[Database]:
    """Not started yet."""
    folder = Path(tempfile.mkdtemp(prefix="server-", dir=place))
    folder.chmod(0o711)
    database = Database(folder)
    yield database
    database.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(place: Path) -> Iterator[Database]:
    with new_database(place) as database:
        yield database


@dataclass(frozen=True)
class History:
    """A server that has ended, and its backups: sales 1 to 100, a base backup, to 200, `noted`, to 300."""

    database: Database
    vault: BackupFolder
    manifest: Manifest
    noted: float
    ended: float

    def copied(self, folder: Path) -> BackupFolder:
        """The backups at another place, to be damaged."""
        shutil.copytree(self.vault.root, folder / "copy")
        return replace(self.vault, root=folder / "copy")


@pytest.fixture(scope="module")
def history(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    vault = new_vault(tmp_path_factory.mktemp("vault"))
    with new_database(place) as database:
        yield asyncio.run(_live(database, vault))


async def _live(database: Database, vault: BackupFolder) -> History:
    await database.start()
    async with archiving(vault, database) as archiver:
        await database.sell(1, 100)
        await archived(archiver, database, vault)
        manifest = await back_up(vault, database)
        noted = await database.sell(101, 200)
        ended = await database.sell(201, 300)
        await archived(archiver, database, vault)
        await database.stop()
    return History(database, vault, manifest, noted, ended)


async def back_up(vault: BackupFolder, database: Database, keep: int = 7) -> Manifest:
    return await make_backup(vault, database.server.socket_dir, installed_programs() / "bin", keep=keep)


async def until(true: Callable[[], object | Awaitable[object]]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            answer = true()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def archiving(vault: BackupFolder, database: Database) -> AsyncIterator[Archiver]:
    """An archiver at work."""
    archiver = Archiver(vault, database.server.socket_dir)
    task = asyncio.create_task(archiver.run())
    try:
        yield archiver
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def archived(archiver: Archiver, database: Database, vault: BackupFolder) -> None:
    """Until everything of the database, and the time since, is in the archive."""
    position = await database.position()
    [(now,)] = await database.run("SELECT extract(epoch FROM clock_timestamp())::float8")

    def is_in() -> bool:
        run = archiver.status.run
        found = vault.until(run) if run is not None else None
        return found is not None and parse_lsn(found.lsn) >= position and found.at >= float(str(now))

    await until(is_in)
