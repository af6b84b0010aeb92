"""Clients of the OLAP store: chDB in this process, or a ClickHouse server over HTTP(S).

Calls block, so they run in small thread pools: writes never wait for a slow report.
"""

from __future__ import annotations

import asyncio
import queue
import re
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager

from octonext.base.errors import OctoNextError

from .disk import encrypted_disk

SERVER_MEMORY_BYTES_MAX = 1024 * 1024 * 1024
"""chDB inside this process: caches, merges, inserts and queries together."""
QUERY_THREADS = 2
INSERT_SETTINGS: dict[str, Any] = {
    # A till whose clock was wrong may book into many months at once.
    "max_partitions_per_insert_block": 0,
    # A batch that was cleaned away and comes again is no duplicate to be dropped.
    "insert_deduplicate": 0,
    "async_insert": 0,
}
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60

T = TypeVar("T")


class OlapUnavailable(OctoNextError):
    """The OLAP store does not answer."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class Chdb:
    """The store embedded in this process, in a folder of its own. One process at a time.

    With a `key` (32 bytes) its tables are on chDB's own encrypted disk.
    """

    path: Path
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ClickHouse:
    """A ClickHouse server or cluster, reached over HTTP(S)."""

    url: str
    user: str = "default"
    password: str = ""
    database: str = "octonext"


class Clients:
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
                client = connect(self._engine)
            except (ClickHouseError, OSError) as error:
                raise OlapUnavailable(f"The OLAP store cannot be opened: {brief(error)}") from error
            self._all.append(client)
        try:
            return work(client)
        except ClickHouseError as error:
            raise OlapUnavailable(f"The OLAP store refused: {brief(error)}") from error
        finally:
            self._free.put(client)


def connect(engine: Chdb | ClickHouse) -> Client:
    if isinstance(engine, Chdb):
        with encrypted_disk(engine.path, engine.key) as disk:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(engine.path),
                chdb_options={
                    "max_server_memory_usage": str(SERVER_MEMORY_BYTES_MAX),
                    "background_pool_size": "2",
                    "mark_cache_size": str(32 * 1024 * 1024),
                    **disk,
                },
                # Once for all statements: given with one, they cost the embedded store seven more around it.
                settings={"max_threads": QUERY_THREADS, **INSERT_SETTINGS},
            )
    return connect_http(engine, database=engine.database)


def connect_http(engine: ClickHouse, *, database: str | None) -> Client:
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


def brief(error: BaseException) -> str:
    """One line: the beginning of what the store said, and its name for the fault."""
    return f"{' '.join(str(error).split())[:200]} {fault_name(error)}".strip()


def fault_name(error: BaseException) -> str:
    found = re.findall(r"\(([A-Z]+(?:_[A-Z]+)+)\)", str(error))
    return found[-1] if found else type(error).__name__
