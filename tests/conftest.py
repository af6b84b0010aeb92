"""Real PostgreSQL for every test that asks for it: one server per test process, a fresh database per test.

`hq_database` and `shard_database` are pools on a migrated database of their own, as the schema's owner;
`hq_dsn` and `shard_dsn` are its address, `…_app_database` a pool as the gateway's role. Nothing starts
until a test asks, and everything is gone when the test run ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from application_role import as_application

if TYPE_CHECKING:
    import asyncpg

    from octonext.processes.cluster.server import PostgresServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a cluster come first: small tests fill the workers' last seconds evenly.

    pytest-xdist deals the larger groups out first and what is alike in this order, so that a scenario of
    one long test would begin when nearly everything else is done.
    """
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="session")
def traversable_dir() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may pass through (pytest's tmp_path is for its owner only)."""
    folder = Path(tempfile.mkdtemp(prefix="octonext-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir(traversable_dir: Path) -> Iterator[Path]:
    """An empty DATA folder for one installation."""
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=traversable_dir))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def hq_server(traversable_dir: Path) -> Iterator[PostgresServer]:
    """A running server for HQ databases, with a migrated template."""
    from octonext.processes.cluster.temporary import temporary_server

    with temporary_server("hq", traversable_dir) as server:
        yield server


@pytest.fixture(scope="session")
def shard_server(traversable_dir: Path) -> Iterator[PostgresServer]:
    """A running server for shard databases; its own, because a feed's watermark is per server."""
    from octonext.processes.cluster.temporary import temporary_server

    with temporary_server("shard", traversable_dir) as server:
        yield server


@pytest_asyncio.fixture
async def hq_dsn(hq_server: PostgresServer) -> AsyncIterator[str]:
    """The owner's address of a fresh, migrated HQ database."""
    name = await _clone(hq_server)
    yield hq_server.dsn(database=name)
    await _drop(hq_server, name)


@pytest_asyncio.fixture
async def shard_dsn(new_shard: Callable[[], Awaitable[str]]) -> str:
    """The owner's address of a fresh, migrated shard database."""
    return await new_shard()


@pytest_asyncio.fixture
async def new_shard(shard_server: PostgresServer) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Call it for the address of one more fresh shard database."""
    names: list[str] = []

    async def make() -> str:
        names.append(await _clone(shard_server))
        return shard_server.dsn(database=names[-1])

    yield make
    for name in names:
        await _drop(shard_server, name)


@pytest_asyncio.fixture
async def hq_database(hq_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async for pool in _pool(hq_dsn):
        yield pool


@pytest_asyncio.fixture
async def hq_app_database(hq_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async for pool in _pool(as_application(hq_dsn)):
        yield pool


@pytest_asyncio.fixture
async def shard_database(shard_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async for pool in _pool(shard_dsn):
        yield pool


@pytest_asyncio.fixture
async def shard_app_database(shard_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async for pool in _pool(as_application(shard_dsn)):
        yield pool


async def _pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    from octonext.runtime.postgres import close_pool, open_pool

    pool = await open_pool(dsn, application_name="octonext-test", max_size=8)
    yield pool
    await close_pool(pool)


async def _clone(server: PostgresServer) -> str:
    from octonext.processes.cluster.temporary import TEMPLATE

    name = f"test_{os.urandom(6).hex()}"
    await server.create_database(name, template=TEMPLATE)
    return name


async def _drop(server: PostgresServer, name: str) -> None:
    from octonext.runtime.postgres import connect

    connection = await connect(server.dsn(database="postgres"), application_name="octonext-test")
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """`await eventually(lambda: condition)`: waits for it, and fails at a deadline instead of sleeping."""

    async def wait(condition: Callable[[], object], *, timeout_s: float = 60.0) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"not within {timeout_s:g} s")

    return wait
