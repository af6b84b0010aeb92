"""Connections to PostgreSQL, and the one place that commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from .actor import claim_of, current_actor
from .database_link import DatabaseUnreachable, connect_encrypted
from .sql import load_queries

__all__ = [
    "Connection",
    "DatabaseUnreachable",
    "Pool",
    "close_pool",
    "connect",
    "open_pool",
    "transaction",
]

_QUERIES = load_queries("octonext.runtime", "audit.sql")

STATEMENT_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 5.0
POOL_SIZE_MAX = 64
IDLE_CONNECTION_LIFETIME_S = 300.0

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
Pool: TypeAlias = asyncpg.Pool
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""A connection, or a pool's loan of one: both run statements alike."""


async def open_pool(
    dsn: str,
    *,
    application_name: str,
    min_size: int = 0,
    max_size: int = 4,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    idle_in_transaction_ms: int | None = None,
) -> Pool:
    """A pool of at most `max_size` connections; with `min_size=0` none is made before it is needed.

    `statement_timeout_ms` holds on the server, `connect_timeout_s` for each new connection; a command
    whose answer does not come (a frozen server) is given up shortly after the server's own deadline.
    With `idle_in_transaction_ms` the server ends a transaction that we have stopped driving, and notices
    within seconds that our machine is gone.
    Raises DatabaseUnreachable when `min_size` connections cannot be made.
    """
    if not 0 <= min_size <= max_size <= POOL_SIZE_MAX:
        raise ValueError(f"a pool has between 0 and {POOL_SIZE_MAX} connections")
    pool = asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=connect_timeout_s,
        connect=connect_encrypted,
        command_timeout=statement_timeout_ms / 1000 + 1.0,
        max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
        reset=_keep_as_it_is,
        server_settings=_server_settings(application_name, statement_timeout_ms)
        | _vanishing_settings(idle_in_transaction_ms),
    )
    try:
        await pool
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(f"PostgreSQL cannot be reached: {_why(error)}.") from None
    return pool


async def connect(
    dsn: str,
    *,
    application_name: str,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> asyncpg.Connection:
    """One connection, to be closed by the caller. `statement_timeout_ms=0`: no deadline.

    Raises DatabaseUnreachable.
    """
    try:
        return await connect_encrypted(
            dsn,
            timeout=connect_timeout_s,
            server_settings=_server_settings(application_name, statement_timeout_ms),
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(f"PostgreSQL cannot be reached: {_why(error)}.") from None


async def close_pool(pool: Pool, *, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
    """Close politely, or hard after `timeout_s`: a frozen server must not hold up our own end."""
    try:
        await asyncio.wait_for(pool.close(), timeout_s)
    except (TimeoutError, asyncpg.PostgresError, OSError):
        pool.terminate()


@asynccontextmanager
async def transaction(
    source: Pool | Connection,
    *,
    readonly: bool = False,
    isolation: Isolation | None = None,
    acquire_timeout_s: float | None = None,
    names_actor: bool = True,
) -> AsyncIterator[Connection]:
    """One transaction: commits when the block ends, rolls back when it raises.

    The only place in OctoNext that commits. From a pool, a connection is borrowed for the block;
    waiting for one longer than `acquire_timeout_s` raises TimeoutError. A connection that is already
    in a transaction is refused (RuntimeError): a savepoint is not a commit, and a caller that believes
    so would acknowledge what is not on disk.

    A transaction that may write begins with telling the database who acts, for its audit trail, if anybody
    said. That is a round trip: `names_actor=False` spares it where the rows themselves tell.
    """
    if isinstance(source, asyncpg.Pool):
        async with (
            source.acquire(timeout=acquire_timeout_s) as connection,
            transaction(
                connection, readonly=readonly, isolation=isolation, names_actor=names_actor
            ) as borrowed,
        ):
            yield borrowed
        return
    if source.is_in_transaction():
        raise RuntimeError("transactions do not nest: pass the connection down instead")
    actor = current_actor() if names_actor and not readonly else None
    async with source.transaction(isolation=isolation, readonly=readonly):
        if actor is not None:
            await source.execute(_QUERIES["set_actor"], claim_of(actor))
        yield source


async def _keep_as_it_is(_connection: Connection) -> None:
    """Instead of asyncpg's reset, which asks the server after every loan to forget what was set meanwhile.

    That is a round trip for each call, and nothing is ever set: all that happens on a loan happens in
    `transaction()`. asyncpg itself ends a transaction left open before it comes here.
    """


def _why(error: BaseException) -> str:
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        return "no server is listening"
    return (str(error).splitlines() or ["no answer in time"])[0].rstrip(".")


def _server_settings(application_name: str, statement_timeout_ms: int) -> dict[str, Any]:
    return {
        "application_name": application_name[:63],
        "statement_timeout": str(statement_timeout_ms),
        "timezone": "UTC",
    }


def _vanishing_settings(idle_in_transaction_ms: int | None) -> dict[str, str]:
    if idle_in_transaction_ms is None:
        return {}
    return {
        "idle_in_transaction_session_timeout": str(idle_in_transaction_ms),
        # seconds; a Unix socket ignores them
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
