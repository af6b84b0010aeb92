"""A throw-away server for tests and for the schema snapshot: quick, not durable, gone at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from octonext.processes.os_process import end, tree
from octonext.runtime.migrations import DatabaseKind, migrate
from octonext.runtime.postgres import connect

from .binaries import choose_user, reachable_programs
from .server import PostgresServer

TEMPLATE = "octonext_template"
STOP_TIMEOUT_S = 20.0
DUMP_TIMEOUT_S = 60.0
# Every dump has other random keys and names the programs' exact version.
_PASSING = ("\\restrict", "\\unrestrict", "-- Dumped")
# Month partitions depend on the day they were made.
_PARTITIONS = "*_[0-9][0-9][0-9][0-9]_[0-9][0-9]"

T = TypeVar("T")


@contextmanager
def temporary_server(kind: DatabaseKind, folder: Path) -> Iterator[PostgresServer]:
    """A running server below `folder` with a migrated database named TEMPLATE.

    `folder` must be passable for PostgreSQL's user. Call it from the main thread.
    """
    user = choose_user(None)
    server = PostgresServer(
        name=kind,
        data_dir=folder / kind,
        socket_dir=folder / f"{kind}.sock",
        log_dir=folder / f"{kind}.log",
        bin_dir=reachable_programs(user, folder / "postgresql"),
        user=user,
        durable=False,
    )
    server.prepare()
    process = subprocess.Popen(
        server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **server.popen_arguments()
    )
    try:
        _run(_make_template(server, kind, process))
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            end(tree(process.pid), signal.SIGKILL, STOP_TIMEOUT_S)
            process.wait()


def dump_schema(server: PostgresServer, database: str = TEMPLATE) -> str:
    """The database's schema as SQL, the same for the same schema; without month partitions."""
    done = subprocess.run(
        [
            server.bin_dir / "pg_dump",
            "--schema-only",
            "--no-owner",
            f"--exclude-table={_PARTITIONS}",
            server.dsn(database=database),
        ],
        capture_output=True,
        check=True,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        text=True,
        timeout=DUMP_TIMEOUT_S,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(_PASSING)]
    return "\n".join(lines).strip() + "\n"


async def _make_template(
    server: PostgresServer, kind: DatabaseKind, process: subprocess.Popen[bytes]
) -> None:
    await server.ready(running=lambda: process.poll() is None)
    await server.create_database(TEMPLATE)
    connection = await connect(
        server.dsn(database=TEMPLATE), application_name="octonext-template", statement_timeout_ms=0
    )
    try:
        await migrate(connection, kind)
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop of its own in a thread: a test's own loop stays as it is."""
    outcome: list[T | BaseException] = []

    def call() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 -- raised again by the caller
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result
