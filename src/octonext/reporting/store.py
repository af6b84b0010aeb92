"""The OLAP store through clickhouse-connect: chDB in this process, or a ClickHouse server; one SQL.

Calls block, so they run in two small thread pools: writes never wait for a slow report, and reports
that come faster than they are answered are refused at a bound instead of piling up.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager

from octonext.base.errors import OctoNextError
from octonext.feeds.domain import Cursor
from octonext.runtime.sql import load_queries

from .domain.answers import Found
from .domain.batches import TABLES, FeedTable
from .domain.queries import Branch, Report

SERVER_MEMORY_BYTES_MAX = 1024 * 1024 * 1024
"""chDB inside this process: caches, merges, inserts and queries together."""
QUERY_MEMORY_BYTES_MAX = 384 * 1024 * 1024
SPILL_BYTES = 128 * 1024 * 1024
"""A GROUP BY or ORDER BY larger than this goes on on disk."""
QUERY_SECONDS_MAX = 15
QUERY_THREADS = 2
READERS = 2
WRITERS = 4
WAITING_READS_MAX = 16
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60

_queries = load_queries("octonext.reporting")
_MIGRATION = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
T = TypeVar("T")


class OlapUnavailable(OctoNextError):
    """The OLAP store does not answer."""

    code = "unavailable"


class OlapIsNewer(OctoNextError):
    """The OLAP store was written by a newer release, or its schema files were edited."""

    code = "database_is_newer"


class ReportTooHeavy(OctoNextError):
    """A report met one of its limits: time, memory, or too many reports at once."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class Chdb:
    """The store embedded in this process, in a folder of its own. One process at a time."""

    path: Path


@dataclass(frozen=True, slots=True)
class ClickHouse:
    """A ClickHouse server or cluster, reached over HTTP(S)."""

    url: str
    user: str = "default"
    password: str = ""
    database: str = "octonext"


class Olap:
    """An open store. Make one with `Olap.open`, close it when done."""

    def __init__(self, engine: Chdb | ClickHouse) -> None:
        self._engine = engine
        self._readers = _Clients(engine, READERS, "olap-read")
        self._writers = _Clients(engine, WRITERS, "olap-write")
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
                await asyncio.to_thread(_create_database, engine)
            await olap._writers.run(_migrate)
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
                client.raw_insert(
                    table.name,
                    column_names=table.columns,
                    insert_block=rows,
                    fmt="TabSeparated",
                    settings=_insert_settings(self._engine, statement),
                )
            except BaseException as error:
                self._given_up.add(statement)
                if not isinstance(error, ClickHouseError):
                    raise
                # Without the store's own words, which quote the rows.
                raise OlapUnavailable(f"Rows of {table.name} were not taken: {_fault_name(error)}.") from None

        await self._writers.run(work)

    async def record_cursors(self, source: str, cursors: Mapping[str, Cursor]) -> None:
        """Write the cursors of one source's feeds, in one part."""
        lines = "".join(f"{source}\t{feed}\t{cursor.xid}\t{cursor.id}\n" for feed, cursor in cursors.items())
        await self.insert(FeedTable("feed_cursor", ("source", "feed", "xid", "id")), lines.encode())

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

    async def report(self, report: Report, parameters: Mapping[str, object]) -> Found:
        """Run a report. Raises ReportTooHeavy, OlapUnavailable."""
        return await self._read(self._reports[report.resource], parameters)

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
}


_LIMITS_MET = ("MEMORY_LIMIT_EXCEEDED", "TIMEOUT_EXCEEDED", "TOO_SLOW")


def _insert_settings(engine: Chdb | ClickHouse, statement: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        # A till whose clock was wrong may book into many months at once.
        "max_partitions_per_insert_block": 0,
        # A batch that was cleaned away and comes again is no duplicate to be dropped.
        "insert_deduplicate": 0,
        "async_insert": 0,
    }
    if isinstance(engine, ClickHouse):
        settings["query_id"] = statement
    return settings


class _Clients:
    """A few clients and as many threads: a client serves one statement at a time."""

    def __init__(self, engine: Chdb | ClickHouse, size: int, name: str) -> None:
        self._engine = engine
        self._free: queue.SimpleQueue[Client] = queue.SimpleQueue()
        self._all: list[Client] = []
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run(self, work: Callable[[Client], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for client in self._all:
            client.close()

    def _run(self, work: Callable[[Client], T]) -> T:
        try:
            client = self._free.get_nowait()
        except queue.Empty:
            try:
                client = _connect(self._engine)
            except (ClickHouseError, OSError) as error:
                raise OlapUnavailable(f"The OLAP store cannot be opened: {_brief(error)}") from error
            self._all.append(client)
        try:
            return work(client)
        except ClickHouseError as error:
            raise OlapUnavailable(f"The OLAP store refused: {_brief(error)}") from error
        finally:
            self._free.put(client)


def _connect(engine: Chdb | ClickHouse) -> Client:
    if isinstance(engine, Chdb):
        return clickhouse_connect.get_client(
            interface="chdb",
            path=str(engine.path),
            chdb_options={
                "max_server_memory_usage": str(SERVER_MEMORY_BYTES_MAX),
                "background_pool_size": "2",
                "mark_cache_size": str(32 * 1024 * 1024),
            },
            settings={"max_threads": QUERY_THREADS},
        )
    return _connect_http(engine, database=engine.database)


def _connect_http(engine: ClickHouse, *, database: str | None) -> Client:
    address = urlsplit(engine.url)
    secure = address.scheme == "https"
    # No retries anywhere: an insert that was answered by a broken connection may have happened.
    options: dict[str, Any] = {"retries": False}
    if secure:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        options["ssl_context"] = context
    return clickhouse_connect.get_client(
        interface=address.scheme,
        host=address.hostname or "localhost",
        port=address.port or (8443 if secure else 8123),
        username=engine.user,
        password=engine.password,
        connect_timeout=CONNECT_TIMEOUT_S,
        send_receive_timeout=ANSWER_TIMEOUT_S,
        query_retries=0,
        autogenerate_session_id=False,
        pool_mgr=get_pool_manager(**options),
        compress=False,
        database=database,
    )


def _create_database(engine: ClickHouse) -> None:
    try:
        # The user's own default database: the one we want may not be there yet.
        client = _connect_http(engine, database=None)
        client.command(
            "CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": engine.database}
        )
        client.close()
    except (ClickHouseError, OSError) as error:
        raise OlapUnavailable(f"ClickHouse cannot be used: {_brief(error)}") from error


def _migrate(client: Client) -> None:
    """Apply the schema files that are missing; each statement may run twice, so a crash is no harm."""
    client.command(_queries["create_migrations"])
    applied = {
        version: (name, checksum)
        for version, name, checksum in client.query(_queries["applied_migrations"]).result_rows
    }
    brought = dict(_schema_files())
    for version, (name, checksum) in applied.items():
        if version not in brought or _checksum(brought[version][1]) != checksum:
            raise OlapIsNewer(
                f"The OLAP store has the schema {version:04d}_{name}, which this release does not know.",
                remedy="Run the release that wrote it, or empty the store: the shards fill it again.",
            )
    for version, (name, text) in sorted(brought.items()):
        if version in applied:
            continue
        for statement in _statements(text):
            client.command(statement)
        client.command(
            _queries["record_migration"],
            parameters={"version": version, "name": name, "checksum": _checksum(text)},
        )


def _schema_files() -> list[tuple[int, tuple[str, str]]]:
    found = []
    for path in files("octonext.reporting").joinpath("schema").iterdir():
        match = _MIGRATION.fullmatch(path.name)
        if match:
            found.append((int(match[1]), (match[2], path.read_text(encoding="utf-8"))))
    return found


def _statements(text: str) -> Sequence[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _brief(error: BaseException) -> str:
    """One line: the beginning of what the store said, and its name for the fault."""
    return f"{' '.join(str(error).split())[:200]} {_fault_name(error)}".strip()


def _fault_name(error: BaseException) -> str:
    found = re.findall(r"\(([A-Z]+(?:_[A-Z]+)+)\)", str(error))
    return found[-1] if found else type(error).__name__


COMPLETE_TABLES = tuple(table for table in TABLES.values() if not table.compacted)
"""The tables in which a row that arrives twice would count twice."""
