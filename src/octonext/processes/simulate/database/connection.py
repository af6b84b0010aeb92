"""A connection to a simulated database: it knows the statements of our .sql files, and no other.

Statements are recognised by their text, so what runs above is the real code. The driver's surface that
the code uses is here: fetch, fetchrow, fetchval, execute, transaction, COPY out, terminate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, BinaryIO

import asyncpg

from .engine import Engine, Transaction, broken

Row = Mapping[str, Any]
Procedure = Callable[..., Any]
"""(transaction, *arguments) -> rows as a list of mappings, COPY text, or an awaitable of either."""
IDLE_IN_TRANSACTION_S = 5.0
"""After how long the server ends a transaction whose client says nothing more."""


class Database:
    """What can be connected to: an engine and the statements that it knows."""

    def __init__(self, engine: Engine, procedures: Mapping[str, Procedure]) -> None:
        self.engine = engine
        self.procedures = procedures

    async def connect(self) -> Connection:
        """Connect. Raises OSError when nobody listens."""
        return Connection(self, await self.engine.admit())


class Connection:
    """One connection; one statement at a time."""

    def __init__(self, database: Database, generation: int) -> None:
        self._engine = database.engine
        self._procedures = database.procedures
        self._generation = generation
        self._transaction: Transaction | None = None
        self._closed = False
        self._busy = False
        self._still = False
        self._idle: asyncio.TimerHandle | None = None

    async def fetch(self, query: str, *arguments: Any, timeout: float | None = None) -> list[Row]:  # noqa: ARG002
        rows: list[Row] = await self._run(query, arguments)
        return rows

    async def fetchrow(self, query: str, *arguments: Any, timeout: float | None = None) -> Row | None:  # noqa: ARG002
        rows = await self._run(query, arguments)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *arguments: Any, timeout: float | None = None) -> Any:  # noqa: ARG002
        rows = await self._run(query, arguments)
        return next(iter(rows[0].values())) if rows else None

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:  # noqa: ARG002
        await self._run(query, arguments)
        return ""

    async def copy_from_query(self, query: str, *arguments: Any, output: BinaryIO) -> str:
        output.write(await self._run(query, arguments))
        return "COPY"

    def is_in_transaction(self) -> bool:
        return self._transaction is not None

    def is_closed(self) -> bool:
        return self._closed or self._generation != self._engine.generation

    def transaction(self, *, isolation: str | None = None, readonly: bool = False) -> _Block:
        """A transaction block. Its snapshot needs no versions: between the statements of one that asks
        for repeatable read no time passes.
        """
        return _Block(self, still=isolation is not None, readonly=readonly)

    def terminate(self) -> None:
        """Cut the connection. The server notices when it next wants to read or write."""
        self._closed = True
        if not self._busy:
            self._abandon()

    async def close(self, timeout: float | None = None) -> None:  # noqa: ARG002
        self.terminate()

    async def begin(self, *, still: bool, readonly: bool) -> None:
        self._check_open()
        if still:
            await self._engine.step(self._generation, "statement")
        self._transaction = self._engine.begin(self._generation, readonly=readonly)
        self._still = still

    async def commit(self) -> None:
        transaction = self._take()
        if transaction is None:
            raise broken()
        await self._engine.serve(self._engine.commit(transaction))

    def rollback(self) -> None:
        if self._busy:
            # the server is in the middle of a statement: it ends the transaction when it finds us gone
            self._closed = True
            return
        transaction = self._take()
        if transaction is not None:
            self._engine.end(transaction)

    async def _run(self, query: str, arguments: tuple[Any, ...]) -> Any:
        self._check_open()
        procedure = self._procedures.get(query)
        if procedure is None:
            raise LookupError(f"the simulated database does not know this statement: {query[:200]}")
        self._busy = True
        try:
            return await self._engine.serve(self._execute(procedure, arguments))
        except asyncio.CancelledError:
            # the server goes on with the statement, and finds nobody to send the result to
            self.terminate()
            raise

    async def _execute(self, procedure: Procedure, arguments: tuple[Any, ...]) -> Any:
        """The server's side of one statement."""
        self._wake()
        own = self._transaction
        transaction = own or self._engine.begin(self._generation)
        try:
            if own is None or not self._still:
                await transaction.step("statement")
            found = procedure(transaction, *arguments)
            if asyncio.iscoroutine(found):
                found = await found
        except Exception:
            if own is None or self._closed:
                self._engine.end(transaction)
            raise
        finally:
            self._busy = False
        if own is None:
            await self._engine.commit(transaction)
        if self._closed:
            self.rollback()
            raise broken()
        self._fall_idle()
        return found

    def _check_open(self) -> None:
        if self._closed:
            raise asyncpg.InterfaceError("connection is closed")
        if self.is_closed():
            raise broken()

    def _take(self) -> Transaction | None:
        self._wake()
        transaction, self._transaction = self._transaction, None
        return transaction

    def _abandon(self) -> None:
        transaction = self._take()
        if transaction is not None and not transaction.ended:
            self._engine.detach(_notice(self._engine, transaction))

    def _fall_idle(self) -> None:
        """Start the server's patience with a transaction that others may have to wait for."""
        if self._transaction is not None and self._transaction.xid is not None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_IN_TRANSACTION_S, self._expire)

    def _wake(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _expire(self) -> None:
        self._idle = None
        if self._engine.frozen:
            self._fall_idle()
        else:
            self._closed = True
            self.rollback()


class _Block:
    """`async with`: commits at the end, rolls back when the block raises."""

    def __init__(self, connection: Connection, *, still: bool, readonly: bool) -> None:
        self._connection = connection
        self._still = still
        self._readonly = readonly

    async def __aenter__(self) -> None:
        await self._connection.begin(still=self._still, readonly=self._readonly)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._connection.commit()
        else:
            self._connection.rollback()


async def _notice(engine: Engine, transaction: Transaction) -> None:
    """The server finds that its client is gone, and rolls back."""
    try:
        await engine.step(transaction.generation, "statement")
    finally:
        engine.end(transaction)
