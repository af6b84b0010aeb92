"""Brings every database of the installation up to this code, and keeps month partitions ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from octonext.base.errors import OctoNextError
from octonext.processes.feeds.numbers import raise_numbers
from octonext.runtime.layout import OWNER_ROLE, Layout
from octonext.runtime.migrations import DatabaseKind, Step, create_partitions_ahead, migrate
from octonext.runtime.postgres import DatabaseUnreachable, connect

from .stopped import is_stopped

PARTITION_MONTHS_AHEAD = 3
PARTITION_TIMEOUT_S = 60.0

Say = Callable[[str], None]


class OwnerNeeded(OctoNextError):
    """A database was to be migrated by a role that may not."""

    code = "owner_needed"


log = structlog.get_logger(__name__)


def databases(layout: Layout) -> list[tuple[DatabaseKind, str]]:
    """Every database: its kind and its name (`hq`, or the shard's id)."""
    settings = layout.settings
    return [("hq", "hq"), *(("shard", shard.id) for shard in settings.shards)]


def owner_dsn(layout: Layout, kind: DatabaseKind, name: str) -> str:
    """The address of a database as the owner of its schema."""
    return layout.dsn(kind, name if kind == "shard" else None, role=OWNER_ROLE)


async def migrate_all(layout: Layout, say: Say) -> list[str]:
    """Migrate HQ and all shards side by side; the names of those that could not be reached.

    Only a database with a dsn of its own may be unreachable: one shard that is down must not keep
    the others from starting. Raises the first other fault, after all have been tried.
    """
    found = databases(layout)
    outcomes = await asyncio.gather(
        *(_migrate_one(layout, kind, name, say) for kind, name in found), return_exceptions=True
    )
    unreachable = []
    for (kind, name), outcome in zip(found, outcomes, strict=True):
        part = layout.settings.hq if kind == "hq" else layout.settings.shard(name)
        away = not part.embedded or is_stopped(layout, name)
        if isinstance(outcome, DatabaseUnreachable) and away:
            say(f"{name}: not reached, its migrations wait ({outcome})")
            unreachable.append(name)
        elif isinstance(outcome, BaseException):
            raise outcome
    await raise_numbers(layout, say)
    return unreachable


async def migrate_database(layout: Layout, name: str, say: Say) -> None:
    """Bring one database up to date that came back alone. Raises what a migration raises."""
    await _migrate_one(layout, "hq" if name == "hq" else "shard", name, say)
    if name == "hq":
        # It may have been restored, and must give no number twice.
        await raise_numbers(layout, say)


async def partitions_ahead_everywhere(layout: Layout) -> dict[str, str]:
    """Create the coming months' partitions of every database; for each that failed, why."""
    found = databases(layout)
    outcomes = await asyncio.gather(*(_partitions_ahead(layout, kind, name) for kind, name in found))
    return {name: reason for (_, name), reason in zip(found, outcomes, strict=True) if reason}


async def _migrate_one(layout: Layout, kind: DatabaseKind, name: str, say: Say) -> int:
    connection = await connect(
        owner_dsn(layout, kind, name),
        application_name="octonext-migrate",
        statement_timeout_ms=0,
    )

    def tell(step: Step) -> None:
        say(f"{name}: migration {step.done + 1} of {step.total}, {step.migration.name}")

    try:
        return await migrate(connection, kind, progress=tell)
    except asyncpg.InsufficientPrivilegeError as error:
        raise OwnerNeeded(
            f"{name}: the role of its dsn may not migrate it ({error}).",
            remedy="Give the database an owner_dsn of the schema's owner, beside the dsn of octonext_app.",
        ) from error
    except OctoNextError as error:
        # Which database it was is the first thing an operator asks.
        raise type(error)(f"{name}: {error.message}", remedy=error.remedy) from error
    finally:
        await connection.close()


async def _partitions_ahead(layout: Layout, kind: DatabaseKind, name: str) -> str:
    """Empty when done, else the reason why not."""
    try:
        async with asyncio.timeout(PARTITION_TIMEOUT_S):
            connection = await connect(owner_dsn(layout, kind, name), application_name="octonext-partitions")
            try:
                today = datetime.now(UTC).date()
                created = await create_partitions_ahead(connection, today, PARTITION_MONTHS_AHEAD)
            finally:
                # Not close(): a frozen server would never answer the goodbye.
                connection.terminate()
    except (OctoNextError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        reason = str(error) or "timeout"
        log.warning("partitions_not_created", database=name, reason=reason)
        return reason
    log.info("partitions_ahead", database=name, created=created)
    return ""
