from __future__ import annotations

import asyncio

import asyncpg
import pytest

from octonext.runtime.postgres import (
    DatabaseUnreachable,
    close_pool,
    connect,
    open_pool,
    transaction,
)

NOWHERE = "postgresql://octonext@/octonext?host=/nowhere"


@pytest.fixture
async def pool(shard_database: asyncpg.Pool) -> asyncpg.Pool:
    await shard_database.execute("CREATE TABLE note (text text)")
    return shard_database


async def notes(pool: asyncpg.Pool) -> list[str]:
    return [row["text"] for row in await pool.fetch("SELECT text FROM note")]


async def test_a_transaction_commits_at_its_end(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("INSERT INTO note VALUES ('kept')")
        assert await notes(pool) == []
    assert await notes(pool) == ["kept"]


async def test_a_transaction_that_raises_leaves_nothing(pool: asyncpg.Pool) -> None:
    async def fail() -> None:
        async with transaction(pool) as connection:
            await connection.execute("INSERT INTO note VALUES ('lost')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await notes(pool) == []


async def test_a_cancelled_transaction_leaves_nothing(pool: asyncpg.Pool) -> None:
    async def be_slow() -> None:
        async with transaction(pool) as connection:
            await connection.execute("INSERT INTO note VALUES ('lost')")
            await connection.execute("SELECT pg_sleep(5)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(be_slow(), 0.05)
    assert await notes(pool) == []


async def test_a_loan_given_back_in_an_open_transaction_leaves_nothing(
    shard_dsn: str, pool: asyncpg.Pool
) -> None:
    own = await open_pool(shard_dsn, application_name="test", max_size=1)
    try:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # asyncpg tells it
        async with own.acquire() as connection:
            await connection.execute("BEGIN")
            await connection.execute("INSERT INTO note VALUES ('lost')")
        async with own.acquire() as connection:
            assert not connection.is_in_transaction()
        assert await notes(pool) == []
    finally:
        await close_pool(own)


async def test_a_readonly_transaction_refuses_to_write(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with transaction(pool, readonly=True) as connection:
            await connection.execute("INSERT INTO note VALUES ('no')")


async def test_transactions_do_not_nest(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as connection:
        with pytest.raises(RuntimeError, match="nest"):
            async with transaction(connection):
                pass


async def test_waiting_for_a_connection_has_a_limit(shard_dsn: str) -> None:
    pool = await open_pool(shard_dsn, application_name="test", max_size=1)
    async with transaction(pool):
        with pytest.raises(TimeoutError):
            async with transaction(pool, acquire_timeout_s=0.05):
                pass
    await close_pool(pool)


async def test_a_statement_ends_at_its_deadline(shard_dsn: str) -> None:
    pool = await open_pool(shard_dsn, application_name="test", statement_timeout_ms=50)
    with pytest.raises(asyncpg.QueryCanceledError):
        await pool.execute("SELECT pg_sleep(5)")
    await close_pool(pool)


async def test_connections_carry_their_name_and_utc(shard_dsn: str) -> None:
    pool = await open_pool(shard_dsn, application_name="octonext-test-name")
    row = await pool.fetchrow("SELECT current_setting('application_name') a, current_setting('timezone') z")
    assert tuple(row) == ("octonext-test-name", "UTC")
    await close_pool(pool)


async def test_an_absent_server_is_a_clear_fault() -> None:
    with pytest.raises(DatabaseUnreachable, match="no server is listening"):
        await connect(NOWHERE, application_name="test")
    with pytest.raises(DatabaseUnreachable):
        await open_pool(NOWHERE, application_name="test", min_size=1)
    lazy = await open_pool(NOWHERE, application_name="test")
    await close_pool(lazy)
