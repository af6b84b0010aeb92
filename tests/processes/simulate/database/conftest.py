"""A fresh shard of each kind: a real one, and its model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest_asyncio

from application_role import as_application
from octonext.processes.simulate.database.shard import ShardDatabase

from .paces import QuietPace
from .twins import ModelSide, RealSide, model_tables, real_tables


@dataclass
class Twins:
    """A real shard and its model; `owner` may look into every table of the real one."""

    owner: asyncpg.Connection
    dsn: str
    real: RealSide
    model: ModelSide

    @property
    def shard(self) -> ShardDatabase:
        return self.model.shard

    async def assert_equal(self) -> None:
        """Every table holds the same."""
        real, model = await real_tables(self.owner), model_tables(self.shard)
        for table, rows in real.items():
            assert model[table] == rows, table


@pytest_asyncio.fixture
async def twins(shard_dsn: str) -> AsyncIterator[Twins]:
    owner: Any = await asyncpg.connect(shard_dsn, server_settings={"timezone": "UTC"})
    await owner.execute("SELECT ensure_month_partitions(current_date, 2)")
    dsn = as_application(shard_dsn)
    yield Twins(owner, dsn, RealSide(dsn), ModelSide(ShardDatabase("kw-1", pace=QuietPace())))
    await owner.close()
