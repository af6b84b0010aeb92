"""Opens the till's SQLite file: one writer, durable commits, and a clear word when it is not ours."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from octonext.runtime.sql import load_queries
from octonext.till.errors import DiskFull, JournalDamaged, JournalInUse, NotEnrolled

PACKAGE = "octonext.till.store"
#: "ONTJ": tells a till's journal from any other SQLite file.
APPLICATION_ID = 0x4F4E544A
FORMAT_VERSION = 1
BUSY_TIMEOUT_S = 5.0
#: Reading back needs a few pages, and each commit outdates them: no use in keeping more.
_READER_CACHE_KIB = 64

QUERIES = load_queries(PACKAGE)


class TillFile:
    """One connection to the file, and the lock that makes this process its only writer.

    A writer keeps a second connection that only reads, see `rows_on_disk`. Thread-safe: one thread
    at a time is inside `transaction` or `rows`.
    """

    def __init__(self, connection: sqlite3.Connection, lock_fd: int | None, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._reader = connection if lock_fd is None else _connect_reader(path)
        self._lock_fd = lock_fd
        self._mutex = threading.Lock()
        self._durable = True

    @classmethod
    def create(cls, path: Path) -> TillFile:
        """A new, empty file, readable by its owner only. Raises `JournalInUse` if there is one."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            raise JournalInUse(f"{path} exists already.", remedy="Choose another directory.")
        lock_fd = _lock(path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        file = cls(_connect(path, readonly=False), lock_fd, path)
        with file.transaction() as connection:
            for statement in load_queries(PACKAGE, "schema.sql").values():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        return file

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> TillFile:
        """An existing file. Raises `NotEnrolled`, `JournalInUse`, `JournalDamaged`."""
        if not path.is_file():
            raise NotEnrolled(
                f"There is no till in {path.parent}.", remedy="Run `octonext till enrol` first."
            )
        lock_fd = None if readonly else _lock(path)
        try:
            connection = _connect(path, readonly=readonly)
            _check_format(connection, path)
        except BaseException:
            if lock_fd is not None:
                os.close(lock_fd)
            raise
        return cls(connection, lock_fd, path)

    def close(self) -> None:
        """Give the file back. Safe to call twice."""
        with self._mutex:
            # The writer last: whoever closes last folds the WAL into the file.
            self._reader.close()
            self._connection.close()
            if self._lock_fd is not None:
                os.close(self._lock_fd)
                self._lock_fd = None

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when the block ends.

        Without `durable` a power cut may undo it (never half of it, never what came before): for
        what the shard will tell us again.
        """
        with self._mutex, _translate(self.path):
            if durable != self._durable:
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # After some faults, a full disk among them, SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """All rows of a named query."""
        with self._mutex, _translate(self.path):
            return self._connection.execute(QUERIES[query], arguments).fetchall()

    def rows_on_disk(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """All rows of a named query, read from the file and its WAL.

        The writer would answer from its own cache, whatever became of the bytes that it wrote.
        """
        with self._mutex, _translate(self.path):
            return self._reader.execute(QUERIES[query], arguments).fetchall()


@contextmanager
def _translate(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise _in_use(path) from error
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise DiskFull(
                f"The disk is full: nothing more can be written to {path}.",
                remedy="Make room on it and try again; what was written before is safe.",
            ) from error
        raise JournalDamaged(f"{path} cannot be used: {error}.", remedy=_RESTORE) from error
    except sqlite3.DatabaseError as error:
        raise JournalDamaged(f"{path} is damaged: {error}.", remedy=_RESTORE) from error


_RESTORE = "Check the disk; do not delete the file, it may hold sales that were never sent."


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    with _translate(path):
        mode = "ro" if readonly else "rw"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_S,
        )
        if not readonly:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        return connection


def _connect_reader(path: Path) -> sqlite3.Connection:
    connection = _connect(path, readonly=True)
    with _translate(path):
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    return connection


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    with _translate(path):
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise JournalDamaged(f"{path} is not a till's journal.", remedy="Check the directory.")
    if version != FORMAT_VERSION:
        raise JournalDamaged(
            f"{path} has the format {version}; this program knows {FORMAT_VERSION}.",
            remedy="Use the version of OctoNext that wrote it, or a newer one.",
        )


def _lock(path: Path) -> int:
    fd = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise _in_use(path) from error
    return fd


def _in_use(path: Path) -> JournalInUse:
    return JournalInUse(
        f"Another process is using the till in {path.parent}.", remedy="A till has one writer: stop it first."
    )
