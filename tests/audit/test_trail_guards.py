"""Tables that only grow refuse to be rewritten, whoever asks and however; and no table is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import asyncpg
import pytest

from application_role import as_application
from octonext.runtime.migrations import available, create_partitions_ahead
from octonext.runtime.postgres import connect

#: Tables that need neither guard nor trail, each with its reason. None so far.
EXEMPT: dict[str, str] = {}
#: Tables whose changes by one function of ours are not recorded row by row, each with its reason.
KEPT = {
    "hq": {"reference": "the feed: each change is recorded at the table that it publishes"},
    "shard": {
        "stock_balance": "the sum of the movements",
        "account_balance": "the sum of the ledger",
        "shift": "the sum of the shift's receipts",
        "device_head": "the end of the till's journal; its connections are events",
        "reference": "the copy of head office's feed",
        "feed_cursor": "how far that copy is; each page is an event",
        "customer": "what the entries say; personal data, of which the trail holds nothing",
        "device_contact": "when a till was heard; its hello and each silence are events",
        "sign_in_count": "wrong PINs in a row; each is an event",
    },
}
KINDS = ("hq", "shard")
DROP = "DROP TRIGGER append_only ON push"
REFUSING = (
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite(); ALTER TABLE push ENABLE ALWAYS TRIGGER append_only"
)
SLEEPING = REFUSING.replace("EXECUTE", "WHEN (false) EXECUTE", 1)
VOID = (
    "INSERT INTO till_event VALUES"
    " (1, 1, 1, 'void', gen_random_uuid(), gen_random_uuid(), '{}', now(), now())"
)
FORGED = (
    "INSERT INTO audit_transaction (actor_kind, session_role, set_role, application_name, backend_pid,"
    " replication_role) VALUES ('user', 'x', 'x', 'x', 1, 'origin')"
)
UNCOVERED = """
    SELECT table_name FROM audit_coverage
     WHERE NOT is_audited AND NOT is_append_only AND NOT table_name = ANY ($1::text[])
"""


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of database and the owner's address of one."""
    return request.param, request.getfixturevalue(f"{request.param}_dsn")


@pytest.fixture
async def database(place: tuple[str, str]) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(place[1], application_name="octonext-test")
    yield connection
    await connection.close()


@pytest.fixture
async def shard(shard_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(shard_dsn, application_name="octonext-test")
    yield connection
    await connection.close()


async def uncovered(connection: asyncpg.Connection) -> set[str]:
    return {row["table_name"] for row in await connection.fetch(UNCOVERED, list(EXEMPT))}


async def test_every_table_is_audited_or_only_grows_and_its_partitions_with_it(
    place: tuple[str, str], database: asyncpg.Connection
) -> None:
    kind, connection = place[0], database
    rows = await connection.fetch("SELECT * FROM audit_coverage")
    assert len(rows) > 20
    assert any(row["is_partition"] for row in rows)
    assert await uncovered(connection) == set()
    assert [row["table_name"] for row in rows if row["is_audited"] and row["is_append_only"]] == []
    assert {row["table_name"] for row in rows if row["is_kept"]} == set(KEPT[kind])


async def test_a_table_that_is_forgotten_or_whose_guard_sleeps_is_found(shard: asyncpg.Connection) -> None:
    await shard.execute("CREATE TABLE forgotten (id int PRIMARY KEY)")
    assert await uncovered(shard) == {"forgotten"}
    await shard.execute("CALL audit_table('forgotten')")
    assert await uncovered(shard) == set()
    for statement in (
        "ALTER TABLE forgotten DISABLE TRIGGER audit_update",
        "ALTER TABLE forgotten ENABLE TRIGGER audit_update",
        "ALTER TABLE forgotten DISABLE TRIGGER refuse_truncate_always",
        "DROP TRIGGER audit_delete ON forgotten",
    ):
        changing = shard.transaction()
        await changing.start()
        await shard.execute(statement)
        assert await uncovered(shard) == {"forgotten"}, statement
        await changing.rollback()
    for statement in (
        "ALTER TABLE push ENABLE TRIGGER append_only",
        DROP,
        f"{DROP}; CREATE TRIGGER append_only BEFORE DELETE ON push {REFUSING}",
        f"{DROP}; CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON push {SLEEPING}",
    ):
        changing = shard.transaction()
        await changing.start()
        await shard.execute(statement)
        assert await uncovered(shard) == {"push"}, statement
        await changing.rollback()


async def test_what_only_grows_refuses_update_delete_and_truncate_also_in_the_replica_role(
    database: asyncpg.Connection,
) -> None:
    rows = await database.fetch("SELECT table_name FROM audit_coverage WHERE is_append_only")
    assert len(rows) >= 10
    for role in ("origin", "replica"):
        await database.execute(f"SET session_replication_role = {role}")
        for table in (row["table_name"] for row in rows):
            column = await database.fetchval(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
            )
            for statement in (
                f"UPDATE {table} SET {column} = {column}",  # noqa: S608 -- names of the catalogue
                f"DELETE FROM {table}",  # noqa: S608
                f"TRUNCATE {table} CASCADE",
            ):
                with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only ever grows"):
                    await database.execute(statement)


async def test_an_audited_table_cannot_be_emptied_by_truncate_also_in_the_replica_role(
    database: asyncpg.Connection,
) -> None:
    rows = await database.fetch("SELECT table_name FROM audit_coverage WHERE is_audited")
    for role in ("origin", "replica"):
        await database.execute(f"SET session_replication_role = {role}")
        for table in (row["table_name"] for row in rows):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=r"audited|published"):
                await database.execute(f"TRUNCATE {table} CASCADE")


async def test_rows_stay_when_a_partition_is_named_directly(shard: asyncpg.Connection) -> None:
    month = datetime.now(UTC).strftime("%Y_%m")
    await shard.execute(VOID)
    for statement in (
        f"UPDATE till_event_{month} SET kind = 'none'",  # noqa: S608
        f"DELETE FROM till_event_{month}",  # noqa: S608
        f"TRUNCATE till_event_{month}",
        f"MERGE INTO till_event_{month} USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
        f"UPDATE audit_change_{month} SET after = NULL",  # noqa: S608
        f"DELETE FROM audit_transaction_{month}",  # noqa: S608
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only ever grows"):
            await shard.execute(statement)
    assert await shard.fetchval("SELECT kind FROM till_event") == "void"


async def test_partitions_that_are_made_later_are_guarded_from_the_start(
    database: asyncpg.Connection,
) -> None:
    assert await create_partitions_ahead(database, date(2031, 11, 1), 1) > 0
    assert await uncovered(database) == set()
    made = await database.fetch(
        "SELECT table_name FROM audit_coverage WHERE table_name ~ '_2031_1[12]$' AND is_append_only"
    )
    assert {"audit_change_2031_11", "audit_change_2031_12"} <= {row["table_name"] for row in made}
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only ever grows"):
        await database.execute("TRUNCATE audit_change_2031_12")


async def test_retention_may_detach_a_whole_month(shard: asyncpg.Connection) -> None:
    await create_partitions_ahead(shard, date(2031, 11, 1), 0)
    await shard.execute("ALTER TABLE audit_change DETACH PARTITION audit_change_2031_11")
    # what was detached is still guarded, until its archive is written and it is dropped
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="only ever grows"):
        await shard.execute("DELETE FROM audit_change_2031_11")
    await shard.execute("DROP TABLE audit_change_2031_11")


async def test_the_application_cannot_write_the_trail_or_run_its_functions(
    place: tuple[str, str],
) -> None:
    connection = await connect(as_application(place[1]), application_name="octonext-test")
    try:
        for statement in (
            FORGED,
            "INSERT INTO audit_change (table_name, operation, key) VALUES ('x', 'insert', '{}')",
            "UPDATE audit_change SET after = NULL",
            "DELETE FROM audit_transaction",
            "TRUNCATE audit_change",
            "SELECT audit_who()",
            "CALL audit_table('audit_change')",
            "CALL append_only('audit_change')",
            "SELECT ensure_month_partitions('2031-01-01', 1)",
            "ALTER TABLE audit_change DISABLE TRIGGER append_only",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.execute("SELECT audit_event('asked', '{}')")
        assert await connection.fetchval("SELECT count(*) FROM audit_change WHERE operation = 'event'") > 0
    finally:
        await connection.close()


async def test_each_applied_migration_from_the_trails_beginning_on_is_an_event(
    place: tuple[str, str], database: asyncpg.Connection
) -> None:
    kind, connection = place[0], database
    rows = await connection.fetch(
        "SELECT after ->> 'checksum' AS checksum FROM audit_change"
        ' WHERE key = \'{"event": "migration_applied"}\' ORDER BY id'
    )
    known = available(kind)  # type: ignore[arg-type]  # one of KINDS
    assert [row["checksum"] for row in rows] == [each.checksum for each in known if each.version >= 7]


async def test_a_table_without_a_key_cannot_be_audited(shard: asyncpg.Connection) -> None:
    await shard.execute("CREATE TABLE keyless (id int)")
    with pytest.raises(asyncpg.RaiseError, match="no primary key"):
        await shard.execute("CALL audit_table('keyless')")
