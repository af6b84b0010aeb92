"""Opening the databases that a command on seals is about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from octonext.audit.sealing.domain.rows import DatabaseKind
from octonext.base.errors import OctoNextError
from octonext.processes.supervisor.databases import databases, owner_dsn
from octonext.runtime.layout import Layout
from octonext.runtime.postgres import connect


class NoSuchDatabase(OctoNextError):
    """The configuration has no database of that name."""

    code = "no_such_database"


def chosen(layout: Layout, name: str) -> list[tuple[DatabaseKind, str]]:
    """The database of that name, or all of them for an empty one. Raises NoSuchDatabase."""
    found = databases(layout)
    named = [(kind, each) for kind, each in found if name in ("", each)]
    if not named:
        raise NoSuchDatabase(
            f"There is no database {name}.", remedy=f"Databases are {', '.join(each for _, each in found)}."
        )
    return named


@asynccontextmanager
async def opened(layout: Layout, kind: DatabaseKind, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the schema's owner, without a deadline. Raises DatabaseUnreachable."""
    connection = await connect(
        owner_dsn(layout, kind, name), application_name="octonext-audit", statement_timeout_ms=0
    )
    try:
        yield connection
    finally:
        connection.terminate()


def holder_of(layout: Layout, kind: DatabaseKind) -> tuple[DatabaseKind, str]:
    """The database that keeps the copies of this one's heads: head office, or for that the first shard."""
    return ("hq", "hq") if kind == "shard" else ("shard", layout.settings.shards[0].id)
