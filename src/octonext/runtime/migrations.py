"""Plain SQL migrations: versioned per database, applied in order, one transaction each.

Files are `src/octonext/schema/{hq,shard}/NNNN_name.sql`, and `schema/both/` for what head office and shards
have alike: together numbered from 0001 without a gap, each beginning with a `-- ` comment that says what it
does. A database remembers what it has in `schema_migration`, and in its audit trail once there is one; an
interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import asyncpg

from octonext.base.errors import OctoNextError

from .postgres import Connection, transaction
from .sql import load_queries

DatabaseKind = Literal["hq", "shard"]
Progress = Callable[["Step"], None]

LOCK_KEY = 0x6F63746F  # "octo": every migration run of one database takes this advisory lock
LOCK_TIMEOUT_MS = 5_000
"""A migration waits this long for a table before it gives up; a queue behind it would stop tills."""
PARTITION_MONTHS_AHEAD_MAX = 24

_FILE_NAME = re.compile(r"^(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql$")
_QUERIES = load_queries("octonext.runtime", "migrations.sql")


class DatabaseIsNewer(OctoNextError):
    """The database has migrations that this code does not know."""

    code = "database_is_newer"


class MigrationChanged(OctoNextError):
    """A migration file was edited after it had been applied."""

    code = "migration_changed"


class MigrationFailed(OctoNextError):
    """PostgreSQL refused a migration; everything before it stays applied."""

    code = "migration_failed"


@dataclass(frozen=True)
class Migration:
    """One file: `title` is its first comment line."""

    version: int
    name: str
    title: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class Step:
    """One migration's turn, told to `progress` before it is applied; `done` counts finished ones."""

    migration: Migration
    done: int
    total: int


def available(database: DatabaseKind) -> list[Migration]:
    """The migrations this code brings, in order."""
    schema = files("octonext").joinpath("schema")
    return read_migrations(schema.joinpath(database), schema.joinpath("both"))


def read_migrations(*folders: Traversable) -> list[Migration]:
    """The migrations in all `folders`; an absent one has none. Raises ValueError for a bad file."""
    found = []
    for file in (file for folder in folders if folder.is_dir() for file in folder.iterdir()):
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.match(file.name)
        if match is None:
            raise ValueError(f"{file.name} is not named NNNN_name.sql")
        sql = file.read_text(encoding="utf-8")
        title = sql.partition("\n")[0]
        if not title.startswith("-- "):
            raise ValueError(f"{file.name} does not begin with a comment that says what it does")
        found.append(Migration(int(match["version"]), match["name"], title[3:].strip(), sql))
    found.sort(key=lambda migration: migration.version)
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise ValueError(f"{migration.name}: migration {expected:04} is missing or there twice")
    return found


async def migrate(
    connection: Connection,
    database: DatabaseKind,
    *,
    progress: Progress | None = None,
    migrations: Sequence[Migration] | None = None,
) -> int:
    """Bring the database up to this code; returns how many migrations were applied now.

    Needs the schema's owner. Waits for another run on the same database. Raises DatabaseIsNewer,
    MigrationChanged, MigrationFailed.
    """
    known = available(database) if migrations is None else list(migrations)
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY, timeout=None)
    try:
        await _prepare(connection)
        missing = _missing(known, await connection.fetch(_QUERIES["applied_migrations"]))
        for index, migration in enumerate(missing):
            if progress is not None:
                progress(Step(migration, index, len(missing)))
            await _apply(connection, migration)
        return len(missing)
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK_KEY)


async def schema_version(connection: Connection) -> int:
    """The newest applied version; 0 for an empty database."""
    if await connection.fetchval(_QUERIES["has_schema_migration"]) is None:
        return 0
    return int(await connection.fetchval(_QUERIES["schema_version"]))


async def create_partitions_ahead(connection: Connection, today: date, months: int = 3) -> int:
    """Make a shard's month partitions from `today`'s month to `months` later; how many are new.

    Runs as the schema's owner, in a transaction of its own. 0 while the schema has no such function.
    """
    if not 0 <= months <= PARTITION_MONTHS_AHEAD_MAX:
        raise ValueError(f"between 0 and {PARTITION_MONTHS_AHEAD_MAX} months ahead")
    if await connection.fetchval(_QUERIES["has_partition_function"]) is None:
        return 0
    async with transaction(connection) as open_transaction:
        created = await open_transaction.fetchval(
            # The SQL function counts the current month as the first one.
            _QUERIES["ensure_month_partitions"],
            today.replace(day=1),
            months + 1,
        )
    return int(created or 0)


async def _prepare(connection: Connection) -> None:
    async with transaction(connection) as open_transaction:
        await open_transaction.execute(_QUERIES["ensure_application_role"])
        await open_transaction.execute(_QUERIES["ensure_schema_migration"])


def _missing(known: Sequence[Migration], applied: Sequence[asyncpg.Record]) -> list[Migration]:
    by_version = {migration.version: migration for migration in known}
    for row in applied:
        migration = by_version.pop(row["version"], None)
        if migration is None:
            raise DatabaseIsNewer(
                f"The database has migration {row['version']:04} ({row['name']}), "
                f"this OctoNext knows {len(known)}.",
                remedy="Start the newer OctoNext that made it, or restore a backup from before.",
            )
        if migration.checksum != row["checksum"]:
            raise MigrationChanged(
                f"Migration {migration.version:04}_{migration.name} was changed after it was applied.",
                remedy="Put the file back as it was and write a new migration for the change.",
            )
    return [migration for migration in known if migration.version in by_version]


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with transaction(connection) as open_transaction:
            await open_transaction.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            await open_transaction.execute("SET LOCAL statement_timeout = 0")
            await open_transaction.execute(migration.sql, timeout=None)
            await open_transaction.execute(
                _QUERIES["record_migration"], migration.version, migration.name, migration.checksum
            )
            if await open_transaction.fetchval(_QUERIES["has_audit_trail"]) is not None:
                await open_transaction.execute(
                    _QUERIES["audit_migration"], migration.version, migration.name, migration.checksum
                )
    except asyncpg.PostgresError as error:
        detail = f" {error.detail}" if getattr(error, "detail", None) else ""
        raise MigrationFailed(
            f"Migration {migration.version:04}_{migration.name} was refused: {error}.{detail}",
            remedy="Nothing of it was kept; correct the cause and start again.",
        ) from error
