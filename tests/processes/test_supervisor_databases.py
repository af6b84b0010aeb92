from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from octonext.processes.supervisor.databases import migrate_all, partitions_ahead_everywhere
from octonext.runtime.migrations import DatabaseIsNewer
from octonext.runtime.postgres import connect
from production import NOWHERE, production


async def test_configured_databases_are_migrated_and_one_that_is_away_does_not_matter(
    hq_dsn: str, shard_dsn: str
) -> None:
    layout = production(hq_dsn, one=shard_dsn, away=NOWHERE)
    told: list[str] = []
    assert await migrate_all(layout, told.append) == ["away"]
    assert any("away: not reached" in line for line in told)
    assert list(await partitions_ahead_everywhere(layout)) == ["away"]


async def test_a_newer_database_is_refused_by_its_name(
    hq_dsn: str, new_shard: Callable[[], Awaitable[str]]
) -> None:
    current, newer = await new_shard(), await new_shard()
    connection = await connect(newer, application_name="test")
    await connection.execute("INSERT INTO schema_migration VALUES (9999, 'future', 'x')")
    await connection.close()
    with pytest.raises(DatabaseIsNewer, match=r"newer: The database has migration 9999 \(future\)"):
        await migrate_all(production(hq_dsn, current=current, newer=newer), lambda _line: None)
