"""One embedded PostgreSQL server: made once, prepared for every start, and cleaned up after a crash.

Starting and watching the process itself is the supervisor's part.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from octonext.processes.os_process import alive, die_with_parent, end, everyone
from octonext.runtime.layout import DATABASE, OWNER_ROLE, socket_dsn
from octonext.runtime.postgres import DatabaseUnreachable, connect

from .binaries import ClusterUnusable, OsUser
from .configuration import server_settings, write_configuration

INITDB_TIMEOUT_S = 120
START_TIMEOUT_S = 120.0
"""Long, because a start after a power failure replays up to max_wal_size of WAL."""
ORPHANS_TIMEOUT_S = 10.0
READY_POLL_S = 0.05
PING_TIMEOUT_S = 2.0
LOG_TAIL_CHARACTERS = 600
_ERROR = re.compile(r"(?:(?:FATAL|PANIC|ERROR): |initdb: error: ).*")
UNFINISHED = "octonext.new"
"""Where a database is made inside a folder that is a link or a disk of its own."""
VERSION_FILE = "PG_VERSION"
DISK_OWN = frozenset({"lost+found"})
"""What an empty disk may hold already."""


@dataclass(frozen=True)
class PostgresServer:
    """The server `name` with its data in `data_dir`; `bin_dir` holds programs `user` can run.

    `data_dir` may be a link or a mounted disk of its own: made before the first start, and empty.
    """

    name: str
    data_dir: Path
    socket_dir: Path
    log_dir: Path
    bin_dir: Path
    user: OsUser
    durable: bool = True

    def dsn(self, *, role: str = OWNER_ROLE, database: str = DATABASE) -> str:
        return socket_dsn(self.socket_dir, role=role, database=database)

    def prepare(self) -> None:
        """Make the data folder if there is none, end what a crash left running, write settings.

        The caller holds the installation's lock, so whatever still runs here is an orphan.
        Raises ClusterUnusable.
        """
        self._own_folder(self.socket_dir, 0o700)
        self._own_folder(self.log_dir, 0o750)
        if not (self.data_dir / VERSION_FILE).exists():
            self._initialise()
        self.end_orphans()
        for stale in self.socket_dir.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)
        settings = server_settings(
            name=self.name, socket_dir=self.socket_dir, log_dir=self.log_dir, durable=self.durable
        )
        peers = {self.user.name, _own_name()}
        write_configuration(self.data_dir, settings, self.user, peers)

    def command(self) -> list[str]:
        """The server itself in the foreground, to be started as a direct child."""
        return [str(self.bin_dir / "postgres"), "-D", str(self.data_dir)]

    def popen_arguments(self) -> dict[str, Any]:
        """How to start `command`: user, environment, own session, and ending with us.

        SIGINT is PostgreSQL's fast shutdown, so even after a `kill -9` of the supervisor the next
        start needs no recovery.
        """
        return {
            "cwd": "/",
            "env": _environment(),
            "start_new_session": True,
            "preexec_fn": die_with_parent(signal.SIGINT),
            **self.user.popen_arguments(),
        }

    async def ready(self, *, running: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until connections are accepted. Raises ClusterUnusable when it ends or takes too long."""
        ends = time.monotonic() + timeout_s
        while not await self.answers():
            if not running():
                raise ClusterUnusable(
                    f"PostgreSQL {self.name} ended while starting. {self._log_tail()}".rstrip(),
                    remedy=f"See {self.log_dir}.",
                )
            if time.monotonic() > ends:
                raise ClusterUnusable(
                    f"PostgreSQL {self.name} was not ready within {timeout_s:g} s.",
                    remedy=f"See {self.log_dir}.",
                )
            await asyncio.sleep(READY_POLL_S)

    async def answers(self, timeout_s: float = PING_TIMEOUT_S) -> bool:
        """Whether it accepts a connection and a statement within the deadline."""
        try:
            connection = await connect(
                self.dsn(database="postgres"),
                application_name="octonext-supervisor",
                connect_timeout_s=timeout_s,
            )
        except DatabaseUnreachable:
            return False
        try:
            return bool(await connection.fetchval("SELECT 1", timeout=timeout_s) == 1)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        finally:
            connection.terminate()

    async def create_database(self, database: str = DATABASE, *, template: str | None = None) -> bool:
        """Create it unless it is there; whether it was created now."""
        connection = await connect(
            self.dsn(database="postgres"), application_name="octonext-bootstrap", statement_timeout_ms=0
        )
        try:
            copied = f' TEMPLATE "{template}"' if template is not None else ""
            # CREATE DATABASE knows no IF NOT EXISTS and no transaction.
            await connection.execute(f'CREATE DATABASE "{database}"{copied}')
        except asyncpg.DuplicateDatabaseError:
            return False
        finally:
            await connection.close()
        return True

    def end_orphans(self) -> None:
        """End what an earlier, killed supervisor left running on this data folder."""
        orphans = self._processes()
        if orphans:
            # SIGINT to a backend only cancels its statement; to the postmaster it is a fast shutdown.
            end(orphans, signal.SIGINT, ORPHANS_TIMEOUT_S)
        lock = self.data_dir / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
            # The pid may belong to something else by now, which PostgreSQL could take for itself.
            if not alive(pid) or pid not in self._processes():
                lock.unlink()

    def _processes(self) -> list[int]:
        """PostgreSQL's processes on this data folder: every one has it as its working directory."""
        found = []
        home = self.data_dir.resolve()
        for process in everyone():
            if process.name != "postgres":
                continue
            with contextlib.suppress(OSError):
                if Path(f"/proc/{process.pid}/cwd").readlink() == home:
                    found.append(process.pid)
        return found

    def _initialise(self) -> None:
        # Into another folder: an interrupted initdb must not look like a database.
        in_place = self.data_dir.is_symlink() or self.data_dir.is_mount()
        if in_place:
            unfinished = self.data_dir.resolve() / UNFINISHED
            if unfinished.exists():
                # Made by us when nothing else was there: all of it is what an interruption left.
                _empty(unfinished.parent)
        else:
            unfinished = self.data_dir.with_name(f"{self.data_dir.name}.new")
            shutil.rmtree(unfinished, ignore_errors=True)
        if self.data_dir.exists() and {entry.name for entry in self.data_dir.iterdir()} - DISK_OWN:
            raise ClusterUnusable(
                f"{self.data_dir} is not empty and not a PostgreSQL database.",
                remedy="Move it away, or choose another --data.",
            )
        if in_place:
            self._own_folder(unfinished.parent, 0o700)
        self._own_folder(unfinished, 0o700)
        options = ["--auth-local=peer", "-E", "UTF8", "--locale-provider=builtin"]
        options += ["--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums", "-U", OWNER_ROLE]
        if not self.durable:
            options.append("--no-sync")
        done = subprocess.run(  # type: ignore[call-overload]
            [self.bin_dir / "initdb", "-D", unfinished, *options],
            capture_output=True,
            cwd="/",
            env=_environment(),
            timeout=INITDB_TIMEOUT_S,
            check=False,
            text=True,
            **self.user.popen_arguments(),
        )
        if done.returncode != 0:
            raise ClusterUnusable(
                f"PostgreSQL {self.name} could not be created: {why_it_failed(done.stderr)}",
                remedy="When that is put right, start again: nothing of it is kept.",
            )
        if in_place:
            _move_up(unfinished)
        else:
            unfinished.rename(self.data_dir)

    def _own_folder(self, folder: Path, mode: int) -> None:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.user.switch:
            os.chown(folder, self.user.uid, self.user.gid, follow_symlinks=False)
        folder.chmod(mode)

    def _log_tail(self) -> str:
        logs = sorted(self.log_dir.glob("*.log"), key=lambda path: path.stat().st_mtime)
        if not logs:
            return ""
        lines = logs[-1].read_text(encoding="utf-8", errors="replace").splitlines()
        telling = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line]
        return " ".join(telling[-2:])[-LOG_TAIL_CHARACTERS:]


def why_it_failed(told: str) -> str:
    """The errors in what initdb wrote, without the statements they happened in, often pages of them."""
    errors = _ERROR.findall(told)
    return " ".join(" ".join(errors or [told]).split())[-LOG_TAIL_CHARACTERS:]


def _move_up(unfinished: Path) -> None:
    """Move a finished database one folder up; what makes it one comes last."""
    for entry in sorted(unfinished.iterdir(), key=lambda each: each.name == VERSION_FILE):
        entry.rename(unfinished.parent / entry.name)
    unfinished.rmdir()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name in DISK_OWN:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _own_name() -> str:
    # Peer authentication compares names; a uid without one cannot be mapped and says so when refused.
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _environment() -> dict[str, str]:
    # Nothing of ours leaks into the server: no PG* variables, no locale, no library path.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
