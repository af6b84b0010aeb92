"""A database cluster as PostgreSQL behaves where it matters: transactions, locks, log, crash.

Read committed: a statement sees what was committed when it looks, and its own transaction's writes; rows
that others have not committed are seen by nobody. A transaction gets its id when it first writes or locks,
so commits become visible in another order than ids. A commit is reported after its record is on disk; a
crash takes every record that was not, perhaps less its beginning, and keeps the rest, heard of or not.

Writes stay with their transaction until they are seen, so a rollback undoes nothing. The log holds
what each transaction wrote: recovery and restoring a copy both read it from the beginning.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import asyncpg

from .pace import Boundary, Pace, checked
from .tables import K, R, Table, merged

XID_FIRST = 740
"""About where a cluster that was just made and migrated stands."""
SEQUENCE_AHEAD = 32
"""A sequence is logged this far ahead, so a crash skips up to as many numbers."""
STATEMENT_TIMEOUT_S = 4.0
"""A wait for a lock that lasts longer is given up, as the lane's `statement_timeout` has it."""

T = TypeVar("T")
LockName = tuple[Table[Any, Any] | str, Any]


class Watermark(NamedTuple):
    """`pg_current_snapshot()`: below `xmin` everything is decided, at `xmax` nothing is seen."""

    xmin: int
    xmax: int


@dataclass(slots=True, eq=False)
class _Record:
    """What one transaction wrote; in the log once it commits."""

    xid: int
    writes: dict[Table[Any, Any], dict[Any, Any]]
    seen: bool = False


@dataclass(slots=True, eq=False)
class _Lock:
    holder: Transaction
    waiters: deque[tuple[Transaction, asyncio.Future[None]]] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Copy:
    """A base backup: the log up to a moment, and where the sequences stood."""

    records: tuple[Any, ...]
    sequences: tuple[tuple[str, int], ...]


class Engine:
    """One cluster: its log, its transactions and its locks. The tables belong to whoever made it."""

    def __init__(self, tables: Sequence[Table[Any, Any]], *, pace: Pace, mutations: frozenset[str]) -> None:
        self.pace = pace
        self.mutations = checked(mutations)
        self.generation = 0
        """Raised by every crash: connections of an older one are broken."""
        self.running = True
        self._tables = tuple(tables)
        self._log: list[_Record] = []
        self._flushed = 0
        self._next_xid = XID_FIRST
        self._latest_completed = XID_FIRST - 1
        self._open: dict[int, Transaction] = {}
        self._locks: dict[LockName, _Lock] = {}
        self._sequences: dict[str, int] = {}
        self._thawed: asyncio.Event | None = None
        self._working: dict[asyncio.Task[Any], None] = {}

    # ------------------------------------------------------------------------------- the machine

    def crash(self) -> None:
        """Kill -9, or a power cut. Of the records on their way to disk, the first few may have arrived."""
        if not self.running:
            return
        while self._flushed < len(self._log) and self.pace.random() < 0.5:
            self._flushed += 1
        self.running = False
        self.generation += 1
        for lock in self._locks.values():
            for _, granted in lock.waiters:
                if not granted.done():
                    granted.set_exception(broken())
        self._recover(self._log[: self._flushed])
        self._sequences = {name: last + SEQUENCE_AHEAD for name, last in self._sequences.items()}
        self.thaw()

    def start(self) -> None:
        """Start again: what was on disk is there."""
        self.running = True

    def freeze(self) -> None:
        """SIGSTOP: whoever asks waits until `thaw`."""
        if self.running and self._thawed is None:
            self._thawed = asyncio.Event()

    def thaw(self) -> None:
        """SIGCONT."""
        if self._thawed is not None:
            self._thawed.set()
            self._thawed = None

    @property
    def frozen(self) -> bool:
        return self._thawed is not None

    def copy(self) -> Copy:
        """A backup of what is on disk now."""
        return Copy(tuple(self._log[: self._flushed]), tuple(self._sequences.items()))

    def restore(self, copy: Copy) -> None:
        """Put a backup in the place of a cluster that is stopped."""
        if self.running:
            raise RuntimeError("stop the cluster before its files are replaced")
        next_xid = self._next_xid
        self._recover(list(copy.records))
        if "went_back_unnoticed" in self.mutations:
            self._next_xid = next_xid
            self._latest_completed = next_xid - 1
        self._sequences = dict(copy.sequences)

    async def admit(self) -> int:
        """Take a new connection; return the generation that it belongs to. Raises OSError."""
        if not self.running:
            raise ConnectionRefusedError("no server is listening")
        generation = self.generation
        await self._unfrozen()
        if generation != self.generation:
            raise ConnectionRefusedError("no server is listening")
        return generation

    async def step(self, generation: int, boundary: Boundary) -> None:
        """A boundary that a caller of `generation` has reached. Raises when the server died meanwhile."""
        if generation == self.generation:
            await self.pace.step(boundary)
            await self._unfrozen()
        if generation != self.generation:
            raise broken()

    async def _unfrozen(self) -> None:
        while self._thawed is not None:
            await self._thawed.wait()

    def _recover(self, records: list[_Record]) -> None:
        self._log, self._flushed = records, len(records)
        self._open, self._locks = {}, {}
        for table in self._tables:
            table.clear()
        for record in records:
            record.seen = True
            merged(record.writes.items())
        # ids of transactions that left no trace on disk are given out again
        self._next_xid = max((record.xid for record in records), default=XID_FIRST - 1) + 1
        self._latest_completed = self._next_xid - 1

    def written(self, xid: int, table: Table[K, R], key: K) -> R | None:
        """What a transaction that is on disk wrote to a row; None if nothing. Quick for a recent one."""
        for place in range(self._flushed - 1, -1, -1):
            record = self._log[place]
            if record.xid == xid:
                row: R | None = record.writes.get(table, {}).get(key)
                return row
        return None

    # ------------------------------------------------------------------------------- transactions

    def begin(self, generation: int, *, readonly: bool = False) -> Transaction:
        """Begin a transaction; its `now` does not move until it ends."""
        return Transaction(self, generation, self.pace.now(), readonly=readonly)

    def watermark(self) -> Watermark:
        """What a snapshot taken now is able to see."""
        xmax = self._latest_completed + 1
        return Watermark(min(xmax, next(iter(self._open), xmax)), xmax)

    def assign_xid(self, transaction: Transaction) -> int:
        """Give a transaction its id."""
        self._check_alive(transaction)
        xid = self._next_xid
        self._next_xid += 1
        self._open[xid] = transaction
        return xid

    def new_mark(self) -> str:
        """Something that no other history of this cluster has."""
        return f"{self.pace.random():.17f}"

    def next_value(self, sequence: str) -> int:
        """The next number of a sequence; a rollback does not give it back."""
        value = self._sequences[sequence] = self._sequences.get(sequence, 0) + 1
        return value

    async def commit(self, transaction: Transaction) -> None:
        """Commit: on return the record is on disk, and everybody sees what it says."""
        if transaction.xid is None:
            self.end(transaction)
            return
        record = _Record(transaction.xid, transaction.writes)
        self._log.append(record)
        position = len(self._log)
        if "ack_before_commit" in self.mutations:
            self.detach(self._conclude(transaction, record, position))
        else:
            await self._conclude(transaction, record, position)
        await self.step(transaction.generation, "reply")

    async def _conclude(self, transaction: Transaction, record: _Record, position: int) -> None:
        await self.step(transaction.generation, "flush")
        # the log is one file: what stands before this record is on disk with it
        self._flushed = max(self._flushed, position)
        await self.step(transaction.generation, "committed")
        if not record.seen:
            record.seen = True
            merged(record.writes.items())
        self.end(transaction)

    def end(self, transaction: Transaction) -> None:
        """Let go of a transaction's locks and of its id; what it wrote counts only if it was committed."""
        if transaction.ended:
            return
        transaction.ended = True
        if transaction.generation != self.generation:
            return
        if transaction.xid is not None:
            self._open.pop(transaction.xid, None)
            self._latest_completed = max(self._latest_completed, transaction.xid)
        for name in transaction.held:
            self._release(name)
        transaction.held.clear()

    async def serve(self, work: Coroutine[Any, Any, T]) -> T:
        """Do a client's work and return its result. A client that is cut off does not end the work."""
        return await asyncio.shield(self.detach(work))

    def detach(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let the server work on its own: it is not frozen or ended with the client that asked."""
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._working[task] = None
        task.add_done_callback(self._finish)
        return task

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._working.pop(task)
        if not task.cancelled():
            # a failure that nobody waits for any more is no fault of the program
            task.exception()

    # -------------------------------------------------------------------------------------- locks

    async def acquire(self, transaction: Transaction, name: LockName) -> None:
        """Wait for a lock that is held until the transaction ends.

        Raises asyncpg.DeadlockDetectedError, QueryCanceledError after the statement's deadline, and
        ConnectionDoesNotExistError when the server dies meanwhile.
        """
        self._check_alive(transaction)
        lock = self._locks.get(name)
        if lock is None:
            self._locks[name] = _Lock(transaction)
            transaction.held.append(name)
            return
        if lock.holder is transaction:
            return
        self._check_deadlock(transaction, lock.holder)
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[None] = loop.create_future()
        lock.waiters.append((transaction, granted))
        transaction.waits_for = name
        deadline = loop.call_later(STATEMENT_TIMEOUT_S, _give_up, granted)
        try:
            await granted
        finally:
            deadline.cancel()
            transaction.waits_for = None

    def _check_alive(self, transaction: Transaction) -> None:
        if transaction.ended or transaction.generation != self.generation:
            raise broken()

    def _check_deadlock(self, transaction: Transaction, holder: Transaction) -> None:
        while holder is not transaction:
            if holder.waits_for is None or holder.waits_for not in self._locks:
                return
            holder = self._locks[holder.waits_for].holder
        raise asyncpg.DeadlockDetectedError("deadlock detected")

    def _release(self, name: LockName) -> None:
        lock = self._locks[name]
        while lock.waiters:
            waiting, granted = lock.waiters.popleft()
            if not granted.done():
                lock.holder = waiting
                # It waits for nothing from now on, though its own code has yet to run: looking for a
                # deadlock must not take it for one that waits for itself.
                waiting.waits_for = None
                waiting.held.append(name)
                granted.set_result(None)
                return
        del self._locks[name]


class Transaction:
    """One transaction: what it sees, what it has written and what it has locked."""

    __slots__ = (
        *("engine", "generation", "now", "readonly"),
        *("ended", "held", "number", "waits_for", "writes", "xid"),
    )

    def __init__(self, engine: Engine, generation: int, now: datetime, *, readonly: bool) -> None:
        self.engine = engine
        self.generation = generation
        self.now = now
        self.readonly = readonly
        self.xid: int | None = None
        self.number: int | None = None
        self.writes: dict[Table[Any, Any], dict[Any, Any]] = {}
        self.held: list[LockName] = []
        self.waits_for: LockName | None = None
        self.ended = False

    def own_xid(self) -> int:
        """This transaction's id, given to it now if it has none."""
        if self.xid is None:
            if self.readonly:
                raise asyncpg.ReadOnlySQLTransactionError("the transaction is read-only")
            self.xid = self.engine.assign_xid(self)
        return self.xid

    def place(self) -> int:
        """Where feeds show what this transaction writes: at its id."""
        xid = self.own_xid()
        if "cursor_by_id" not in self.engine.mutations:
            return xid
        if self.number is None:
            self.number = self.engine.next_value("place")
        return self.number

    async def step(self, boundary: Boundary) -> None:
        await self.engine.step(self.generation, boundary)

    async def lock(self, table: Table[K, R] | str, key: K) -> None:
        """Hold the lock of one row, or of one word, until the end."""
        await self.engine.acquire(self, (table, key))
        self.own_xid()

    def get(self, table: Table[K, R], key: K) -> R | None:
        """The row as this transaction sees it now."""
        written = self.writes.get(table)
        if written is not None and key in written:
            row: R = written[key]
            return row
        return table.rows.get(key)

    def put(self, table: Table[K, R], key: K, row: R) -> None:
        """Write one row: a new one, or in the place of the one that is locked."""
        self.own_xid()
        self.writes.setdefault(table, {})[key] = row

    def put_all(self, table: Table[K, R], rows: dict[K, R]) -> None:
        """Write many rows that are not there yet."""
        if rows:
            self.own_xid()
            self.writes.setdefault(table, {}).update(rows)


def broken() -> Exception:
    """What the driver raises when the server dies under a command."""
    error: Exception = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    return error


def _give_up(granted: asyncio.Future[None]) -> None:
    if not granted.done():
        granted.set_exception(asyncpg.QueryCanceledError("canceling statement due to statement timeout"))
