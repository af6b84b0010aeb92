"""Reading the trail as it stands in the tables, for tests of what is written to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import asyncpg

_CHANGES = """
    SELECT c.table_name, c.operation, c.key, c.before, c.after, t.*
      FROM audit_change c JOIN audit_transaction t USING (at, xid)
     WHERE c.id > $1 ORDER BY c.id
"""


@dataclass
class Change:
    """One row of the trail with the transaction that it belongs to."""

    table: str
    operation: str
    key: Any
    before: Any
    after: Any
    who: asyncpg.Record


class Trail:
    """What was written since the trail was last looked at."""

    def __init__(self, database: asyncpg.Pool | asyncpg.Connection) -> None:
        self._database = database
        self._seen = 0

    async def forget(self) -> None:
        await self.new()

    async def new(self, table: str | None = None) -> list[Change]:
        """Every change since, oldest first; only of one table, if it is named."""
        last = await self._database.fetchval("SELECT coalesce(max(id), 0) FROM audit_change")
        rows = await self._database.fetch(_CHANGES, self._seen)
        self._seen = max(last, self._seen)
        changes = [
            Change(
                row["table_name"],
                row["operation"],
                json.loads(row["key"]),
                _decoded(row["before"]),
                _decoded(row["after"]),
                row,
            )
            for row in rows
        ]
        return [change for change in changes if table in (None, change.table)]

    async def one(self, table: str) -> Change:
        """The only change of a table since."""
        (change,) = await self.new(table)
        return change

    async def events(self) -> list[str]:
        """The kinds of the events since."""
        return [change.key["event"] for change in await self.new("event")]


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
