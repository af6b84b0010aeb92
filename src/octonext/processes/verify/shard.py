"""Reads one shard for verification: one snapshot, one connection, rows streamed and never all at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from octonext.runtime.postgres import Connection, connect, transaction
from octonext.runtime.sql import load_queries
from octonext.sync.domain import BranchRules

from .domain.derivation import JournalEntry
from .domain.findings import Finding
from .domain.walk import Posted

QUERIES = load_queries("octonext.processes.verify", "verify.sql")

#: A snapshot that is read for an hour is a mistake, not a verification.
STATEMENT_TIMEOUT_MS = 3_600_000
CONNECT_TIMEOUT_S = 10.0
#: Journal entries per page: entries are up to 150 KB each.
JOURNAL_PAGE = 64
POSTED_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Position:
    """The end of a feed: transaction and row, as reporting counts them."""

    xid: int
    id: int

    @classmethod
    def parse(cls, text: str | None) -> Position:
        xid, _, row = (text or "0.0").partition(".")
        return cls(int(xid), int(row))


class ShardReader:
    """A shard in one snapshot. Build one with `reading`."""

    def __init__(self, shard_id: str, connection: Connection) -> None:
        self.shard_id = shard_id
        self._connection = connection

    async def entry_count(self) -> int:
        """How many entries the journal holds."""
        return int(await self._connection.fetchval(QUERIES["snapshot"]))

    async def rules(self) -> dict[int, BranchRules]:
        """Of every branch that the shard knows. Tax rates only open cases, so none are given."""
        rows = await self._connection.fetch(QUERIES["branches"])
        own = tuple(row["branch_id"] for row in rows if row["shard_id"] == self.shard_id)
        return {
            row["branch_id"]: BranchRules(row["branch_id"], row["currency"], row["time_zone"], {}, own)
            for row in rows
        }

    async def journal(self) -> AsyncIterator[JournalEntry]:
        """Every entry by branch, device and seq."""
        async for row in self._connection.cursor(QUERIES["journal"], prefetch=JOURNAL_PAGE):
            yield JournalEntry(*row)

    def posted(self, table: str) -> PostedStream:
        """What is booked in `table` (the name of a check), entry by entry in the journal's order."""
        rows = QUERIES[table.replace("-", "_")]
        query = QUERIES["digests"].replace("{rows}", rows)
        return PostedStream(self._connection.cursor(query, prefetch=POSTED_PAGE))

    async def rows_of_entry(self, table: str, number: tuple[int, int, int]) -> list[str]:
        """The rows of one entry as text, for evidence."""
        query = QUERIES["rows_of_entry"].replace("{rows}", QUERIES[table.replace("-", "_")])
        return [row["text"] for row in await self._connection.fetch(query, *number)]

    async def shifts(self, branch: int, device: int) -> dict[str, str]:
        """The shifts of a device as text, by id."""
        rows = await self._connection.fetch(QUERIES["shifts_of_device"], branch, device)
        return {row["shift_id"]: row["text"] for row in rows}

    async def faults(self, query: str) -> list[Finding]:
        """What a statement that returns branch_id, device_id, seq and `what` found."""
        return [
            Finding(
                shard=self.shard_id,
                branch=row["branch_id"],
                device=row["device_id"],
                seq=row["seq"],
                what=row["what"],
            )
            for row in await self._connection.fetch(QUERIES[query])
        ]

    async def rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        """All rows of a named statement; sums become plain integers."""
        found = await self._connection.fetch(QUERIES[query], *arguments)
        return [{name: _plain(value) for name, value in row.items()} for row in found]

    async def counts(self) -> Mapping[str, int]:
        """How many things of each kind there are."""
        [row] = await self.rows("counts")
        return row

    async def feed_positions(self) -> dict[str, Position]:
        """The end of each feed."""
        [row] = await self.rows("feed_positions")
        return {feed: Position.parse(text) for feed, text in row.items()}

    async def lines_behind(self, position: Position) -> int:
        """How many receipt lines lie beyond `position`."""
        [row] = await self.rows("lines_behind", str(position.xid), position.id)
        return int(row["count"])


class PostedStream:
    """Rows in order, taken up to a number at a time."""

    def __init__(self, rows: Any) -> None:
        self._source = rows.__aiter__()
        self._next: Posted | None = None
        self._ended = False

    async def take_until(self, number: tuple[int, int, int] | None) -> Sequence[Posted]:
        """Every row up to and including `number` that was not taken yet; None takes all the rest."""
        taken = []
        while (current := self._next or await self._advance()) is not None:
            if number is not None and current.number > number:
                break
            taken.append(current)
            self._next = None
        return taken

    async def _advance(self) -> Posted | None:
        if self._ended:
            return None
        try:
            self._next = Posted(*(await self._source.__anext__()))
        except StopAsyncIteration:
            self._ended = True
        return self._next


@asynccontextmanager
async def reading(shard_id: str, dsn: str) -> AsyncIterator[ShardReader]:
    """A reader of everything the shard had committed at this moment. Raises DatabaseUnreachable."""
    connection = await connect(
        dsn,
        application_name="octonext-verify",
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        connect_timeout_s=CONNECT_TIMEOUT_S,
    )
    try:
        # Sorting by entry needs memory once, in this session only.
        await connection.execute(QUERIES["prepare_session"])
        async with transaction(connection, readonly=True, isolation="repeatable_read") as snapshot:
            yield ShardReader(shard_id, snapshot)
    finally:
        # Not close(): a frozen server would never answer the goodbye.
        connection.terminate()


def _plain(value: Any) -> Any:
    """Sums come as Decimal; here they are whole numbers."""
    return int(value) if type(value).__name__ == "Decimal" else value


UNREADABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What ends the reading of a shard that went away in the middle."""
