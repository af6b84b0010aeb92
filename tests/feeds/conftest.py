"""A shop's rows, written straight into a shard's or HQ's tables as the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio

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


@pytest.fixture
def write_sale() -> WriteSale:
    """Insert one sale of 1.250 KWD, with nothing else."""

    async def write(
        connection: asyncpg.Connection, seq: int, *, device: int = 1, at: datetime | None = None
    ) -> None:
        moment = at or datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
        await connection.execute(
            """INSERT INTO sale (branch_id, device_id, seq, kind, shift_id, cashier_id, till_at, occurred_at,
                   business_date, currency, total, net, tax, discount, rounding, paid, line_count,
                   foreign_original, posted_at, id)
               VALUES (7, $1, $2::bigint, 'sale', gen_random_uuid(), gen_random_uuid(), $3, $3,
                   '2026-03-01', 'KWD', 1250, 1250, 0, 0, 0, 1250, 1, false, now(), $2::bigint * 4096)""",
            device,
            seq,
            moment,
        )

    return write
