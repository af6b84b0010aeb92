"""A shop's rows, written straight into a shard's or HQ's tables as the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio

from octonext.processes.cluster.server import PostgresServer

WriteSale = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture
async def shard(shard_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to a fresh shard with this month's partitions."""
    connection = await asyncpg.connect(shard_dsn)
    await connection.execute("SELECT ensure_month_partitions(current_date, 1)")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def other_connection(shard_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A second connection to the same shard."""
    connection = await asyncpg.connect(shard_dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def new_copy(shard_server: PostgresServer) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`new_copy(dsn)`: the address of a copy of a database to which nobody is connected, on its server."""
    names: list[str] = []
    admin = await asyncpg.connect(shard_server.dsn(database="postgres"))

    async def make(dsn: str) -> str:
        original = dsn.split("?", maxsplit=1)[0].rpartition("/")[2]
        names.append(f"{original}_copy")
        await admin.execute(f'CREATE DATABASE "{names[-1]}" TEMPLATE "{original}"')
        return shard_server.dsn(database=names[-1])

    yield make
    for name in names:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def write_sale() -> WriteSale:
    """Insert a push of sales of 1.250 KWD, one or those up to `through`, with nothing else."""

    async def write(
        connection: asyncpg.Connection,
        seq: int,
        *,
        through: int | None = None,
        device: int = 1,
        at: datetime | None = None,
    ) -> None:
        moment, last = at or datetime(2026, 3, 1, 21, 30, tzinfo=UTC), through or seq
        async with connection.transaction():
            await connection.execute(
                """INSERT INTO push (branch_id, device_id, first_seq, last_seq, hash, posted_at)
                   VALUES (7, $1, $2, $3, sha256('push'), now())""",
                device,
                seq,
                last,
            )
            await connection.execute(
                """INSERT INTO sale (branch_id, device_id, seq, kind, shift_id, cashier_id, till_at,
                       occurred_at, business_date, currency, total, net, tax, discount, rounding, paid,
                       line_count, foreign_original, posted_at)
                   SELECT 7, $1::int, seq, 'sale', gen_random_uuid(), gen_random_uuid(), $4, $4,
                       '2026-03-01', 'KWD', 1250, 1250, 0, 0, 0, 1250, 1, false, now()
                     FROM generate_series($2::bigint, $3::bigint) seq""",
                device,
                seq,
                last,
                moment,
            )

    return write
