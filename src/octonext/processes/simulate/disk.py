"""A till's disk: the real journal's SQLite in memory, and what of it outlives a crash.

A process that is killed loses nothing that was committed. A power cut also loses what was committed
without being forced to disk, or keeps it, as chance has it. A crash can come at every boundary of a
write: before the commit, and after it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from octonext.runtime.sql import load_queries
from octonext.till.store.file import APPLICATION_ID, FORMAT_VERSION, PACKAGE, TillFile

#: Called at each boundary of a write with its name; may raise NodeCrashed.
Boundary = Callable[[str], None]


@dataclass(slots=True)
class Disk:
    """The medium: survives its till's processes. `boundary` and `loses_unsynced` belong to the world."""

    path: Path
    boundary: Boundary
    #: Whether this unforced write would be lost, if the power went before the next forced one.
    loses_unsynced: Callable[[], bool]
    #: Nothing is ever forced to disk: the broken disk of a mutation.
    lies: bool = False
    _live: sqlite3.Connection | None = None
    _image: bytes = b""
    #: What a power cut would leave, if that is not what is committed.
    _behind: bytes | None = None

    def mount(self) -> sqlite3.Connection:
        """A connection to what is on the disk; there is one at a time."""
        assert self._live is None, "the journal is open already"
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.deserialize(self._image or empty_image())
        self._live = connection
        return connection

    def wrote(self, *, durable: bool) -> None:
        """A transaction was committed."""
        if durable and not self.lies:
            self._behind = None

    def about_to_write(self, *, durable: bool) -> None:
        """A transaction is about to commit."""
        assert self._live is not None
        if (self.lies or (not durable and self.loses_unsynced())) and self._behind is None:
            self._behind = self._committed()

    @contextmanager
    def editing(self) -> Iterator[sqlite3.Connection]:
        """What is on the disk, for whatever damages it."""
        assert self._live is not None
        yield self._live

    def kill(self) -> None:
        """The process died: what it committed stays."""
        self._unmount(self._committed())

    def cut_power(self) -> None:
        """The machine died: what was not forced to disk may be gone."""
        self._unmount(self._behind if self._behind is not None else self._committed())

    def copy(self) -> bytes:
        """Everything that is committed, as somebody who copies the disk would get it."""
        return self._committed()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written here."""
        return self._live is None and not self._image

    def restore(self, image: bytes) -> None:
        """Put a copy in place of what is there. The till must be off."""
        assert self._live is None
        self._image, self._behind = image, None

    def _committed(self) -> bytes:
        if self._live is None:
            return self._image
        if self._live.in_transaction:
            self._live.execute("ROLLBACK")
        return self._live.serialize()

    def _unmount(self, image: bytes) -> None:
        live, self._live = self._live, None
        self._image, self._behind = image, None
        if live is not None:
            live.close()


class SimulatedFile(TillFile):
    """The till's file on a simulated disk. One thread, so the writer reads back for itself."""

    def __init__(self, disk: Disk) -> None:
        connection = disk.mount()
        self.path = disk.path
        self._connection = connection
        self._reader = connection
        self._lock_fd = None
        self._mutex = threading.Lock()
        self._durable = True
        self._disk = disk

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            connection = self._connection
            self._disk.about_to_write(durable=durable)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                self._disk.boundary("before commit")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._disk.wrote(durable=durable)
        self._disk.boundary("after commit")


@cache
def empty_image() -> bytes:
    """A till's file without a till, made by the statements of the real one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in load_queries(PACKAGE, "schema.sql").values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    image = connection.serialize()
    connection.close()
    return image
