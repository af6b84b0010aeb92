"""Reads feeds out of PostgreSQL and applies the reference feed to a shard.

Rows are not looked at on their way: a shard's pages are COPY text that the OLAP store parses, and the
reference's pages are JSON that the shard's own function applies.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg

from octonext.base.errors import OctoNextError
from octonext.runtime.kept_connection import KeptConnection, kept_connection
from octonext.runtime.postgres import Connection, transaction
from octonext.runtime.sql import load_queries

from .domain import (
    PAGE_PUSHES_MAX,
    PAGE_ROWS_MAX,
    REFERENCE_ROWS_MAX,
    START,
    Cursor,
    Outcome,
    Page,
    Reading,
    Snapshot,
    check_marks,
)

SHARD_FEEDS = ("sale", "sale_line", "payment", "movement", "ledger", "device", "shift")
"""What a shard tells reporting; each is the view `reporting_<feed>`."""
POSTING_FEEDS = frozenset(("sale", "sale_line", "payment", "movement", "ledger"))
"""Those that are found by the pushes that posted them."""
DIMENSION_FEEDS = ("dimension",)
"""What HQ tells reporting: names and costs."""
REFERENCE_FEEDS = ("reference",)
"""What HQ tells the shards."""
STATEMENT_TIMEOUT_MS = 8_000
CONNECT_TIMEOUT_S = 5.0

_queries = load_queries("octonext.feeds")


class RegionUnknown(OctoNextError):
    """A shard's region is in the configuration but not at HQ."""

    code = "region_unknown"


def _keep(dsn: str, application_name: str) -> KeptConnection[asyncpg.Connection]:
    return kept_connection(
        lambda: dsn,
        application_name=application_name,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        connect_timeout_s=CONNECT_TIMEOUT_S,
    )


class CopySource:
    """A database whose feeds are read as COPY text: a shard, or HQ's dimensions.

    `probe` names the statement that tells at once which feeds have rows, `marks` the one that tells what
    the history was; a page of feed f is read by `copy_<f>`. `name` is in every row, so that one store can
    hold the rows of many sources.
    """

    def __init__(
        self,
        name: str,
        dsn: str,
        *,
        feeds: Sequence[str],
        probe: str,
        marks: str,
        rows_max: int = PAGE_ROWS_MAX,
        pushes_max: int = PAGE_PUSHES_MAX,
    ) -> None:
        self.name = name
        self._database = _keep(dsn, "octonext-relay")
        self._feeds = tuple(feeds)
        self._probe = _queries[probe]
        self._marks = _queries[marks]
        self._rows_max = rows_max
        self._pushes_max = pushes_max

    async def read(self, cursors: Mapping[str, Cursor]) -> Reading:
        connection = await self._database.open()
        await _check_marks(connection, self._marks, self.name, cursors)
        snapshot, waiting = await self._look(connection, cursors)
        if not waiting:
            return Reading(snapshot)
        # One snapshot for every page: a sale and its payments arrive together.
        async with transaction(connection, readonly=True, isolation="repeatable_read") as reader:
            await reader.execute(_queries["walk_indexes"])
            snapshot, waiting = await self._look(reader, cursors)
            found = [await self._page(reader, feed, cursors[feed]) for feed in waiting]
            pages = [page for page in found if page is not None]
            marks = await _marks_at(reader, self._marks, (page.end for page in pages))
        return Reading(
            snapshot, tuple(replace(page, end=replace(page.end, mark=marks[page.end.xid])) for page in pages)
        )

    def abort(self) -> None:
        self._database.abort()

    async def _look(
        self, connection: Connection, cursors: Mapping[str, Cursor]
    ) -> tuple[Snapshot, list[str]]:
        parameters: list[str | int] = []
        for feed in self._feeds:
            cursor = cursors.get(feed, START)
            parameters += [str(cursor.xid), cursor.id]
        row = await connection.fetchrow(self._probe, *parameters)
        assert row is not None, "the probe is a SELECT without FROM"
        return _snapshot(row), [feed for feed in self._feeds if feed in cursors and row[feed]]

    async def _page(self, connection: Connection, feed: str, start: Cursor) -> Page | None:
        if feed not in POSTING_FEEDS:
            return await self._copy(connection, feed, start)
        reach = await connection.fetchrow(_queries["push_range"], str(start.xid), start.id, self._pushes_max)
        if reach is None:
            return None
        page = await self._copy(connection, feed, start, reach["xid"])
        if page is not None and page.full:
            return page
        # Nothing of this feed is left behind in those pushes, nor will be: the cursor passes them all.
        count, rows = (0, b"") if page is None else (page.count, page.rows)
        return Page(feed, start, Cursor(int(reach["xid"]), reach["id"]), count, rows, full=reach["more"])

    async def _copy(self, connection: Connection, feed: str, start: Cursor, *reach: str) -> Page | None:
        buffer = io.BytesIO()
        await connection.copy_from_query(
            _queries[f"copy_{feed}"],
            *(str(start.xid), start.id, self._rows_max, self.name, *reach),
            output=buffer,
        )
        rows = buffer.getvalue()
        if not rows:
            return None
        # COPY text escapes line breaks inside values, so lines are rows, and the last one begins with
        # the end of the page: both from one statement, hence from one snapshot.
        count = rows.count(b"\n")
        last = rows.rfind(b"\n", 0, len(rows) - 1) + 1
        xid, row_id, _ = rows[last:].split(b"\t", 2)
        return Page(feed, start, Cursor(int(xid), int(row_id)), count, rows, full=count >= self._rows_max)


def shard_source(shard_id: str, dsn: str) -> CopySource:
    """A shard as the source of what reporting may know."""
    return CopySource(shard_id, dsn, feeds=SHARD_FEEDS, probe="probe_shard", marks="shard_marks")


def dimension_source(dsn: str) -> CopySource:
    """HQ as the source of names and costs."""
    return CopySource("hq", dsn, feeds=DIMENSION_FEEDS, probe="probe_dimension", marks="reference_marks")


class ReferenceSource:
    """HQ as the source of one region's master data."""

    name = "hq"

    def __init__(self, dsn: str, region_code: str, *, rows_max: int = REFERENCE_ROWS_MAX) -> None:
        self._database = _keep(dsn, "octonext-relay")
        self._region_code = region_code
        self._rows_max = rows_max

    async def read(self, cursors: Mapping[str, Cursor]) -> Reading:
        start = cursors["reference"]
        connection = await self._database.open()
        await _check_marks(connection, _queries["reference_marks"], self.name, cursors)
        row = await connection.fetchrow(_queries["probe_dimension"], str(start.xid), start.id)
        assert row is not None, "the probe is a SELECT without FROM"
        if not row["dimension"]:
            return Reading(_snapshot(row))
        row = await connection.fetchrow(
            _queries["read_reference"], str(start.xid), start.id, self._rows_max, self._region_code
        )
        assert row is not None, "the page is an aggregate"
        if row["region_id"] is None:
            raise RegionUnknown(
                f"HQ does not know the region {self._region_code}.",
                remedy="Create it, or correct the shard's region in the configuration.",
            )
        if row["end_xid"] is None:
            return Reading(_snapshot(row))
        end = Cursor(int(row["end_xid"]), row["end_id"])
        marks = await _marks_at(connection, _queries["reference_marks"], (end,))
        end = replace(end, mark=marks[end.xid])
        page = Page("reference", start, end, int(row["count"]), row["rows"].encode(), full=row["more"])
        return Reading(_snapshot(row), (page,))

    def abort(self) -> None:
        self._database.abort()


class ReferenceSink:
    """A shard as the sink of master data: rows and cursor in one transaction, by one function.

    A shard has one HQ, so the source's name is not needed.
    """

    def __init__(self, dsn: str) -> None:
        self._database = _keep(dsn, "octonext-relay-reference")

    async def cursors(self, source: str, feeds: Sequence[str]) -> dict[str, Cursor]:  # noqa: ARG002
        connection = await self._database.open()
        return {feed: await self._cursor(connection, feed) for feed in feeds}

    async def apply(
        self,
        source: str,  # noqa: ARG002
        pages: Sequence[Page],
        as_of: datetime | None,
    ) -> dict[str, Outcome]:
        if not pages:
            return {}
        connection = await self._database.open()
        if as_of is not None:
            # Nobody asks a shard how fresh its master data is: the relay's own status says so. But one that
            # is to be filled again must not wait for head office's next change to be noticed.
            return {page.feed: await self._compare(connection, page) for page in pages}
        return {page.feed: await self._apply(connection, page) for page in pages}

    def abort(self) -> None:
        self._database.abort()

    async def _apply(self, connection: Connection, page: Page) -> Outcome:
        async with transaction(connection) as writer:
            applied = await writer.fetchval(
                _queries["apply_reference"],
                page.feed,
                str(page.start.xid),
                page.start.id,
                str(page.end.xid),
                page.end.id,
                page.rows.decode(),
                page.end.mark,
                page.full,
            )
        if applied is None or applied < 0:
            return Outcome(await self._cursor(connection, page.feed), applied=False)
        return Outcome(page.end, applied=True)

    async def _compare(self, connection: Connection, page: Page) -> Outcome:
        cursor = await self._cursor(connection, page.feed)
        return Outcome(cursor, applied=cursor == page.start)

    async def _cursor(self, connection: Connection, feed: str) -> Cursor:
        row = await connection.fetchrow(_queries["sink_cursor"], feed)
        return START if row is None else Cursor(int(row["xid"]), row["id"], row["mark"])


async def refill_reference(connection: Connection) -> None:
    """Let a shard's copy of head office be filled again. Needs the schema's owner."""
    async with transaction(connection) as writer:
        for feed in REFERENCE_FEEDS:
            await writer.execute(_queries["refill_reference"], feed)


async def _check_marks(
    connection: Connection, statement: str, source: str, cursors: Mapping[str, Cursor]
) -> None:
    """Raises FeedWentBack."""
    marked = {feed: cursor for feed, cursor in cursors.items() if cursor.mark}
    if marked:
        check_marks(source, marked, await _marks_at(connection, statement, marked.values()))


async def _marks_at(connection: Connection, statement: str, cursors: Iterable[Cursor]) -> dict[int, str]:
    """The source's marks by transaction id. Final, for a cursor is below every watermark since."""
    xids = sorted({cursor.xid for cursor in cursors})
    marks = await connection.fetchval(statement, [str(xid) for xid in xids]) if xids else []
    return dict(zip(xids, marks, strict=True))


def _snapshot(row: asyncpg.Record) -> Snapshot:
    return Snapshot(row["read_at"], int(row["xmin"]), int(row["xmax"]))
