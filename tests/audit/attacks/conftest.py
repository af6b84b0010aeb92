"""The honest chain, made once; every attack works on a copy of that database.

The copies of its heads lie in a file that the attacker cannot write to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from octonext.audit.sealing.remote import FileTarget
from octonext.audit.sealing.service.copying import copy
from octonext.processes.cluster.server import PostgresServer
from octonext.processes.cluster.temporary import TEMPLATE
from sealed_chain import KEY, Chain

from .hostile import HONEST, YESTERDAY, Attacked, Honest, take


@pytest.fixture(scope="session")
def honest(shard_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Honest]:
    copies = tmp_path_factory.mktemp("copies") / "heads.jsonl"
    made: list[Honest] = []

    async def make() -> None:
        await shard_server.create_database(HONEST, template=TEMPLATE)
        connection = await asyncpg.connect(shard_server.dsn(database=HONEST))
        await connection.execute("SELECT ensure_month_partitions((now() - interval '40 days')::date, 4)")
        chain, target = Chain(connection), FileTarget(copies)
        newest = None
        for number in (1, 2, 3):
            await chain.sell(2)
            assert await chain.canary()
            newest = await chain.seal()
            await copy(connection, "kw-1", target, KEY.public)
            if number == 2:
                await connection.close()
                await shard_server.create_database(YESTERDAY, template=HONEST)
                chain.connection = connection = await asyncpg.connect(shard_server.dsn(database=HONEST))
        await connection.close()
        assert newest is not None
        assert newest.number == 3
        made.append(Honest(shard_server, copies, chain.clock, newest, chain.seq))

    async def drop() -> None:
        admin = await asyncpg.connect(shard_server.dsn(database="postgres"))
        for name in (HONEST, YESTERDAY):
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()

    try:
        asyncio.run(make())
        yield made[0]
    finally:
        asyncio.run(drop())


@pytest_asyncio.fixture
async def attacked(honest: Honest, tmp_path: Path) -> AsyncIterator[Attacked]:
    async for each in take(honest, HONEST, tmp_path):
        yield each


@pytest_asyncio.fixture
async def restored(honest: Honest, tmp_path: Path) -> AsyncIterator[Attacked]:
    """The database as it was at head 2, under the same name."""
    async for each in take(honest, YESTERDAY, tmp_path):
        yield each
