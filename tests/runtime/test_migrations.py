from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from octonext.processes.cluster.server import PostgresServer
from octonext.runtime.migrations import (
    DatabaseIsNewer,
    Migration,
    MigrationChanged,
    MigrationFailed,
    Step,
    available,
    create_partitions_ahead,
    migrate,
    read_migrations,
    schema_version,
)
from octonext.runtime.postgres import connect

ONE = Migration(1, "one", "Makes a table.", "CREATE TABLE one (id int);")
TWO = Migration(2, "two", "Makes another.", "CREATE TABLE two (id int); INSERT INTO one VALUES (1);")
BROKEN = Migration(2, "two", "Fails half way.", "CREATE TABLE two (id int); SELECT 1 / 0;")


@pytest.fixture
async def connection(shard_server: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    """An empty database: nothing was ever migrated here."""
    await shard_server.create_database("empty")
    found = await connect(shard_server.dsn(database="empty"), application_name="test")
    yield found
    await found.close()
    admin = await connect(shard_server.dsn(database="postgres"), application_name="test")
    await admin.execute('DROP DATABASE "empty" WITH (FORCE)')
    await admin.close()


async def test_an_empty_database_has_version_0(connection: asyncpg.Connection) -> None:
    assert await schema_version(connection) == 0


async def test_migrations_are_applied_once_in_order_with_progress(connection: asyncpg.Connection) -> None:
    told: list[Step] = []
    assert await migrate(connection, "shard", migrations=[ONE, TWO], progress=told.append) == 2
    assert [(step.migration.name, step.done, step.total) for step in told] == [("one", 0, 2), ("two", 1, 2)]
    assert await migrate(connection, "shard", migrations=[ONE, TWO]) == 0
    assert await connection.fetchval("SELECT count(*) FROM one") == 1


async def test_a_failed_migration_leaves_nothing_and_goes_on_when_corrected(
    connection: asyncpg.Connection,
) -> None:
    with pytest.raises(MigrationFailed, match=r"0002_two was refused: division by zero"):
        await migrate(connection, "shard", migrations=[ONE, BROKEN])
    assert await schema_version(connection) == 1
    assert await connection.fetchval("SELECT to_regclass('two')") is None
    assert await migrate(connection, "shard", migrations=[ONE, TWO]) == 1


async def test_a_database_that_is_newer_is_refused(connection: asyncpg.Connection) -> None:
    await migrate(connection, "shard", migrations=[ONE, TWO])
    with pytest.raises(DatabaseIsNewer, match=r"0002 \(two\).*newer OctoNext"):
        await migrate(connection, "shard", migrations=[ONE])


async def test_an_edited_migration_is_refused(connection: asyncpg.Connection) -> None:
    await migrate(connection, "shard", migrations=[ONE])
    edited = Migration(1, "one", "Makes a table.", ONE.sql + " -- edited")
    with pytest.raises(MigrationChanged, match="0001_one was changed"):
        await migrate(connection, "shard", migrations=[edited])


async def test_two_runs_at_once_apply_everything_once(
    connection: asyncpg.Connection, shard_server: PostgresServer
) -> None:
    dsn = shard_server.dsn(database="empty")
    second = await connect(dsn, application_name="test")
    counts = await asyncio.gather(
        *(migrate(each, "shard", migrations=[ONE, TWO]) for each in (connection, second))
    )
    await second.close()
    assert sorted(counts) == [0, 2]


async def test_the_migrations_of_the_code_apply_to_a_fresh_database(
    hq_database: asyncpg.Pool, shard_database: asyncpg.Pool
) -> None:
    assert await schema_version(hq_database) == len(available("hq"))
    assert await schema_version(shard_database) == len(available("shard"))


async def test_partitions_are_made_ahead_once(shard_dsn: str) -> None:
    connection = await connect(shard_dsn, application_name="test")
    try:
        created = await create_partitions_ahead(connection, date(2031, 11, 30), 2)
        assert created > 0
        assert await create_partitions_ahead(connection, date(2031, 11, 1), 2) == 0
        months = await connection.fetch(
            "SELECT DISTINCT right(relname, 7) m FROM pg_class WHERE relname ~ '_203[12]_[0-9]{2}$'"
            " AND relkind = 'r' ORDER BY 1"
        )
        assert [row["m"] for row in months] == ["2031_11", "2031_12", "2032_01"]
    finally:
        await connection.close()


async def test_a_schema_without_partitions_has_none_to_make(connection: asyncpg.Connection) -> None:
    assert await create_partitions_ahead(connection, date(2031, 1, 1)) == 0


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"1_one.sql": "-- a"}, "not named"),
        ({"0001_one.sql": "SELECT 1;"}, "begin with a comment"),
        ({"0002_two.sql": "-- a"}, "0001 is missing"),
        ({"0001_one.sql": "-- a", "0001_two.sql": "-- a"}, "there twice"),
    ],
)
def test_a_folder_that_breaks_the_form_is_refused(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=reason):
        read_migrations(tmp_path)


def test_an_absent_folder_has_no_migrations(tmp_path: Path) -> None:
    assert read_migrations(tmp_path / "nowhere") == []
