"""The statements that run all day look rows up; none of them reads a table to find that nothing is new."""

from __future__ import annotations

import re

import asyncpg
import pytest

from octonext.runtime.sql import load_queries

QUERIES = {**load_queries("octonext.sync"), **load_queries("octonext.feeds")}


@pytest.mark.parametrize("name", ["reference_head", "reference_page", "probe_shard"])
async def test_polling_goes_down_the_feeds_index(shard_database: asyncpg.Pool, name: str) -> None:
    await shard_database.execute("SELECT ensure_month_partitions(current_date, 1)")
    await shard_database.execute(
        "INSERT INTO reference (kind, key, payload)"
        " SELECT 'product', n::text, '{}' FROM generate_series(1, 20000) n"
    )
    await shard_database.execute("ANALYZE reference")
    arguments = ", ".join("NULL" for _ in set(re.findall(r"\$\d+", QUERIES[name])))
    async with shard_database.acquire() as connection:
        # the plan that a prepared statement settles on, whatever the cursor is
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE polling AS {QUERIES[name]}")
        rows = await connection.fetch(
            f"EXPLAIN EXECUTE polling ({arguments})" if arguments else "EXPLAIN EXECUTE polling"
        )
        plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on reference" not in plan
    if name != "probe_shard":  # its two small compacted feeds have no index, on purpose
        assert "Sort" not in plan
