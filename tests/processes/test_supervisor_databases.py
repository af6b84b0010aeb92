from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from octonext.processes.supervisor.databases import migrate_all, partitions_ahead_everywhere
from octonext.runtime.layout import Layout
from octonext.runtime.migrations import DatabaseIsNewer
from octonext.runtime.postgres import connect
from octonext.runtime.settings import decode

NOWHERE = "postgresql://octonext@/octonext?host=/nowhere"


def production(hq: str, **shards: str) -> Layout:
    """An installation whose databases all have an address of their own."""
    document = {
        "name": "test",
        "hq": {"dsn": hq, "at_rest": "none"},
        "shards": [
            {"id": name, "region": "KW", "jurisdiction": "KW", "dsn": dsn, "at_rest": "none"}
            for name, dsn in shards.items()
        ],
    }
    return Layout("/nowhere", decode(document, folder=Path("/"), source="test"))


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
