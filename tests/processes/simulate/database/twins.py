"""A real shard and its model side by side: the same calls on both, and everything they hold compared."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import asyncpg

from octonext.processes.simulate.database.shard import ShardDatabase
from octonext.processes.simulate.database.tables import Postings

T = TypeVar("T")
Job = Callable[[Any], Awaitable[T]]


class Side(Protocol):
    """One of the two: where to connect to."""

    async def connect(self) -> Any: ...


@dataclass
class RealSide:
    """PostgreSQL, as the gateway's role sees it."""

    dsn: str

    async def connect(self) -> Any:
        return await asyncpg.connect(self.dsn, server_settings={"timezone": "UTC"})


@dataclass
class ModelSide:
    """The simulated shard."""

    shard: ShardDatabase

    async def connect(self) -> Any:
        return await self.shard.database.connect()


async def outcome(job: Awaitable[Any]) -> Any:
    """What a call returned, or how PostgreSQL refused it."""
    try:
        return await job
    except asyncpg.PostgresError as error:
        return (type(error).__name__, error.sqlstate)


async def in_transaction(connection: Any, job: Job[T]) -> T:
    block: AbstractAsyncContextManager[None] = connection.transaction()
    async with block:
        return await job(connection)


#: Table -> the columns that the two sides need not agree on: times of a server's own clock, transaction
#: ids and numbers of sequences. All others are compared, so a column that one side lacks is found.
TABLES = {
    "device_head": {"received_at", "connected_at", "xid", "id"},
    "device_key": {"received_at"},
    "device_journal": {"received_at"},
    "journal_fork": {"received_at"},
    "opened_case": {"opened_at", "xid", "id"},
    "shift": {"xid", "id"},
    "sale": {"posted_at"},
    "sale_line": {"posted_at"},
    "sale_tax": {"posted_at"},
    "sale_payment": {"posted_at"},
    "stock_movement": {"posted_at"},
    "stock_balance": set(),
    "ledger_line": {"posted_at"},
    "account_balance": set(),
    "till_event": {"posted_at"},
    "customer": {"xid", "id"},
    "push": {"posted_at", "xid", "place"},
}
Tables = dict[str, list[dict[str, Any]]]


async def real_tables(connection: asyncpg.Connection) -> Tables:
    """Every row of a real shard."""
    return {
        table: _comparable(table, [dict(row) for row in await connection.fetch(f"TABLE {table}")])
        for table in TABLES
    }


def model_tables(shard: ShardDatabase) -> Tables:
    """Every row of the model."""
    tables = {table.name: table for table in shard.tables.all()}
    found: Tables = {}
    for name in TABLES:
        if name == "device_key":
            columns = ("branch_id", "device_id", "key_id", "wrapped")
            rows = [
                dict(zip(columns, (*key, wrapped), strict=True)) for key, wrapped in tables[name].rows.items()
            ]
        elif isinstance(tables[name], Postings):
            rows = [row._asdict() for each in tables[name].rows.values() for row in each]
        else:
            rows = [row._asdict() for row in tables[name].rows.values()]
        found[name] = _comparable(name, rows)
    return found


def _comparable(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        for column in TABLES[table]:
            row.pop(column, None)
        if "plaintext" in row:
            row["bytes"] = row.pop("plaintext")
        for column in {"evidence", "detail"} & row.keys():
            row[column] = _json(row[column])
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


def _json(text: str) -> str:
    value = json.loads(text)
    if isinstance(value, list):
        value.sort(key=lambda each: each["product"])
    return json.dumps(value, sort_keys=True)
