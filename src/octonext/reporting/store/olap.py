"""The OLAP store through clickhouse-connect: chDB in this process, or a ClickHouse server; one SQL.

Reports that come faster than they are answered are refused at a bound instead of piling up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any
from uuid import uuid4

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from octonext.base.errors import OctoNextError
from octonext.feeds.domain import START, Cursor
from octonext.runtime.sql import load_queries

from ..domain.answers import Found
from ..domain.batches import TABLES, FeedTable
from ..domain.periods import Span
from ..domain.queries import Branch, Report
from .clients import INSERT_SETTINGS, QUERY_THREADS, Chdb, ClickHouse, Clients, OlapUnavailable, fault_name
from .ranking import rank
from .rows import Spool
from .schema import create_database, migrate

QUERY_MEMORY_BYTES_MAX = 384 * 1024 * 1024
SPILL_BYTES = 128 * 1024 * 1024
"""A GROUP BY or ORDER BY larger than this goes on on disk."""
QUERY_SECONDS_MAX = 15
READERS = 2
WRITERS = 4
WAITING_READS_MAX = 16

_queries = load_queries("octonext.reporting")
_ranking = load_queries("octonext.reporting", "ranking.sql")


class ReportTooHeavy(OctoNextError):
    """A report met one of its limits: time, memory, or too many reports at once."""

    code = "unavailable"


class Olap:
    """An open store. Make one with `Olap.open`, close it when done."""

    def __init__(self, engine: Chdb | ClickHouse) -> None:
        self._engine = engine
        self._readers = Clients(engine, READERS, "olap-read")
        self._writers = Clients(engine, WRITERS, "olap-write")
        self._spool = Spool(engine)
        self._reads_waiting = 0
        self._given_up: set[str] = set()
        """Inserts that failed here; a server may still be running them."""
        self._reports = {
            path.name: path.read_text(encoding="utf-8")
            for path in files("octonext.reporting").joinpath("reports").iterdir()
            if path.name.endswith(".sql")
        }

    @classmethod
    async def open(cls, engine: Chdb | ClickHouse) -> Olap:
        """Connect and bring the schema up to date. Raises OlapUnavailable, OlapIsNewer."""
        olap = cls(engine)
        try:
            if isinstance(engine, ClickHouse):
                await asyncio.to_thread(create_database, engine)
            await olap._writers.run(migrate)
            await olap._writers.run(olap._spool.open)
        except BaseException:
            await olap.close()
            raise
        return olap

    async def close(self) -> None:
        """Let running statements end and close."""
        await self._readers.close()
        await self._writers.close()

    async def cursors(self) -> dict[tuple[str, str], Cursor]:
        """The cursor of every (source, feed) that has one."""
        rows = await self._writers.run(lambda client: client.query(_queries["cursors"]).result_rows)
        return {(source, feed): Cursor(*place) for source, feed, place in rows}

    async def insert(self, table: FeedTable, rows: bytes) -> None:
        """Insert COPY text into a feed's table; on return it is on disk, on an error perhaps half."""
        statement = uuid4().hex

        def work(client: Client) -> None:
            try:
                self._spool.insert(client, table, rows, _insert_settings(self._engine, statement))
            except BaseException as error:
                self._given_up.add(statement)
                if not isinstance(error, ClickHouseError):
                    raise
                # Without the store's own words, which quote the rows.
                raise OlapUnavailable(f"Rows of {table.name} were not taken: {fault_name(error)}.") from None

        await self._writers.run(work)

    async def record_cursors(self, source: str, cursors: Mapping[str, Cursor]) -> None:
        """Write the cursors of one source's feeds, in one part."""
        lines = "".join(
            f"{source}\t{feed}\t{cursor.xid}\t{cursor.id}\t{cursor.mark}\n"
            for feed, cursor in cursors.items()
        )
        await self.insert(FeedTable("feed_cursor", ("source", "feed", "xid", "id", "mark")), lines.encode())

    async def mark(self, word: str) -> None:
        """Write a word for the doctor to look for; on return it is on disk."""
        await self.insert(FeedTable("marker", ("word",)), f"{word}\n".encode())

    async def end_given_up(self) -> None:
        """End the inserts that failed here: on return none of them writes any more."""
        await self._writers.run(self._end_given_up)

    async def newest_rows(self, table: FeedTable) -> dict[str, Cursor]:
        """The last place of each source in a feed's table."""
        rows = await self._writers.run(
            lambda client: client.query(_queries["newest_rows"], parameters={"table": table.name}).result_rows
        )
        return {source: Cursor(*place) for source, place in rows}

    async def delete_beyond(self, table: FeedTable, source: str, cursor: Cursor) -> None:
        """Delete a source's rows behind its cursor; on return they are gone."""
        parameters = {"table": table.name, "source": source, "xid": cursor.xid, "id": cursor.id}

        def work(client: Client) -> None:
            self._end_given_up(client)
            client.command(
                _queries["delete_beyond"], parameters=parameters, settings={"lightweight_deletes_sync": 2}
            )

        await self._writers.run(work)

    async def begin_reset(self, source: str) -> None:
        """Remember that all of a source is to be deleted, and its feeds read from the beginning."""
        await self._writers.run(
            lambda client: client.command(_queries["begin_reset"], parameters={"source": source})
        )

    async def resets_begun(self) -> list[str]:
        """The sources whose reset has begun and not ended."""
        rows = await self._writers.run(lambda client: client.query(_queries["resets_begun"]).result_rows)
        return [source for (source,) in rows]

    async def finish_reset(self, source: str) -> None:
        """Delete a source's cursors and rows; on return they are gone. May be repeated at any point."""
        # a cursor that was given up and is written after all would outlive its rows
        await self.end_given_up()
        await self._forget("feed_cursor", source)
        await self._forget("source_as_of", source)
        for table in TABLES.values():
            await self.delete_beyond(table, source, START)
        await self._forget("source_reset", source)

    async def _forget(self, table: str, source: str) -> None:
        parameters = {"table": table, "source": source}
        await self._writers.run(
            lambda client: client.command(
                _queries["forget_source"], parameters=parameters, settings={"lightweight_deletes_sync": 2}
            )
        )

    async def as_of(self) -> dict[str, datetime]:
        """The remembered "as of" of each source."""
        rows = await self._writers.run(lambda client: client.query(_queries["as_of"]).result_rows)
        return {source: _aware(as_of) for source, as_of in rows}

    async def record_as_of(self, source: str, as_of: datetime) -> None:
        """Remember a source's "as of"."""
        parameters = {"source": source, "as_of": as_of}
        await self._writers.run(
            lambda client: client.command(_queries["record_as_of"], parameters=parameters)
        )

    async def branches(self) -> list[Branch]:
        """Every branch that is known here."""
        found = await self._read(_queries["branches"], {})
        return [Branch(*row) for row in found.rows]  # type: ignore[arg-type]

    async def branches_with_stock(self) -> list[int]:
        """Every branch that stock was moved at."""
        found = await self._read(_queries["branches_with_stock"], {})
        return [int(str(row[0])) for row in found.rows]

    async def seals(self, source: str, after: int, limit: int) -> list[tuple[int, str, str]]:
        """Number, bytes (ASCII) and signature (hex) of a source's heads behind a number."""
        given = {"source": source, "after": after, "limit": limit}
        found = await self._read(_queries["seals"], given)
        return [(int(str(number)), str(head), str(signature)) for number, head, signature in found.rows]

    async def newest_seal(self, source: str) -> int:
        """The highest number of a source's heads; 0 without one."""
        return int(str((await self._read(_queries["newest_seal"], {"source": source})).rows[0][0]))

    async def holds_seal(self, source: str, digest: str) -> bool:
        """Whether a head with that hash (hex) is here."""
        given = {"source": source, "hash": digest}
        return bool((await self._read(_queries["holds_seal"], given)).rows[0][0])

    async def report(self, report: Report, parameters: Mapping[str, object]) -> Found:
        """Run a report. Raises ReportTooHeavy, OlapUnavailable."""
        return await self._read(self._reports[report.resource], parameters)

    async def newest_day(self) -> date:
        """The last business day that anything was sold on, some day long past if nothing was."""
        found = await self._read(_ranking["newest_day"], {})
        day = found.rows[0][0]
        assert isinstance(day, date)
        return day

    async def ranking(
        self, report: Report, parameters: Mapping[str, object], spans: Sequence[Span]
    ) -> Found | None:
        """Run a ranked report over some spans of days, None if nothing was sold then.

        Raises ReportTooHeavy, OlapUnavailable.
        """
        currencies = [str(row[0]) for row in (await self._read(_ranking["currencies"], parameters)).rows]
        if not currencies:
            return None
        statement, more = rank(self._reports[report.resource], currencies, spans)
        return await self._read(statement, {**parameters, **more})

    def _end_given_up(self, client: Client) -> None:
        """Given up is not ended: what a server still wrote after the clean-up would count twice."""
        for statement in list(self._given_up):
            if isinstance(self._engine, ClickHouse):
                client.command(_queries["stop_statement"], parameters={"query_id": statement})
            self._given_up.discard(statement)

    async def _read(self, statement: str, parameters: Mapping[str, object]) -> Found:
        if self._reads_waiting >= WAITING_READS_MAX + READERS:
            raise ReportTooHeavy("Too many reports are being asked for at once.", remedy="Try later.")

        def work(client: Client) -> Found:
            result = client.query(statement, parameters=dict(parameters), settings=_QUERY_SETTINGS)
            return Found(result.column_names, result.result_rows)

        self._reads_waiting += 1
        try:
            return await self._readers.run(work)
        except OlapUnavailable as error:
            if any(mark in error.message for mark in _LIMITS_MET):
                raise ReportTooHeavy(
                    "The report needs more time or memory than one report may have.",
                    remedy="Ask for fewer days or branches.",
                ) from error
            raise
        finally:
            self._reads_waiting -= 1


_QUERY_SETTINGS = {
    # 2: reading only, but these limits may still be set in the same request.
    "readonly": 2,
    "max_memory_usage": QUERY_MEMORY_BYTES_MAX,
    "max_bytes_before_external_group_by": SPILL_BYTES,
    "max_bytes_before_external_sort": SPILL_BYTES,
    "max_execution_time": QUERY_SECONDS_MAX,
    "max_threads": QUERY_THREADS,
    # These rewrite expressions, which then no longer look like those that are summed up already.
    "optimize_time_filter_with_preimage": 0,
    "optimize_functions_to_subcolumns": 0,
}


_LIMITS_MET = ("MEMORY_LIMIT_EXCEEDED", "TIMEOUT_EXCEEDED", "TOO_SLOW")


def _insert_settings(engine: Chdb | ClickHouse, statement: str) -> dict[str, Any]:
    # The embedded store's clients have theirs from the start.
    return {**INSERT_SETTINGS, "query_id": statement} if isinstance(engine, ClickHouse) else {}


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


COMPLETE_TABLES = tuple(table for table in TABLES.values() if not table.compacted)
"""The tables in which a row that arrives twice would count twice."""
