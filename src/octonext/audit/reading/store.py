"""Rows of the trail in one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from octonext.runtime.actor import claim_of, current_actor
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Actor, DatabaseConnection, Entry, Filter, masked

QUERIES = load_queries(__package__ or "")

STATEMENT_TIMEOUT_MS = 2_500
"""Below every deadline of a lane: a filter that takes longer is answered "too slow" and costs the shard's
tills nothing, where a call that outlives the lane's deadline would open its breaker."""


class TooSlow(Exception):
    """The filter takes longer than a reading may."""


async def page(
    connection: Connection,
    *,
    database: str,
    region: str | None,
    wanted: Filter,
    bound: tuple[datetime, int, int],
    limit: int,
    mask: Callable[[str], str],
) -> list[Entry]:
    """Rows behind `bound` (at, transaction, number), newest first; texts in them as `mask` shows them.

    The transaction is spent when this raises TooSlow.
    """
    at, transaction, number = bound
    await connection.fetchrow(
        QUERIES["prepare_reading"], str(STATEMENT_TIMEOUT_MS), claim_of(current_actor())
    )
    try:
        rows = await connection.fetch(
            QUERIES["page"], at, str(transaction), number, wanted.since, wanted.until, wanted.table,
            None if wanted.key is None else msgspec.json.encode(wanted.key).decode(), wanted.operation,
            wanted.event, wanted.user, wanted.actor, wanted.device, wanted.ip,
            None if wanted.transaction is None else str(wanted.transaction), limit,
        )  # fmt: skip
    except asyncpg.QueryCanceledError:
        raise TooSlow from None
    return [_entry(row, database, region, mask) for row in rows]


async def record_reading(connection: Connection, detail: Mapping[str, Any]) -> None:
    await connection.execute(QUERIES["record_reading"], msgspec.json.encode(detail).decode())


def _entry(row: Mapping[str, Any], database: str, region: str | None, mask: Callable[[str], str]) -> Entry:
    key = _json(row["key"])
    is_event = row["operation"] == "event" and isinstance(key, dict)
    return Entry(
        database=database, region=region, at=row["at"], transaction=row["xid"], number=row["id"],
        operation=row["operation"], table=row["table_name"],
        event=str(key.get("event")) if is_event else None,
        key=masked(key, mask), before=masked(_json(row["before"]), mask),
        after=masked(_json(row["after"]), mask),
        actor=_actor(row, mask), connection=_connection(row),
    )  # fmt: skip


def _actor(row: Mapping[str, Any], mask: Callable[[str], str]) -> Actor | None:
    if row["actor_kind"] is None:
        return None

    def shown(name: str) -> str | None:
        return None if row[name] is None else mask(row[name])

    return Actor(
        kind=row["actor_kind"], id=shown("actor_id"), name=shown("actor_name"), ip=row["actor_ip"],
        device_id=row["device_id"], key_thumbprint=row["key_thumbprint"], user_agent=shown("user_agent"),
        app_version=shown("app_version"), request_id=shown("request_id"), claim=shown("claim"),
    )  # fmt: skip


def _connection(row: Mapping[str, Any]) -> DatabaseConnection | None:
    if row["session_role"] is None:
        return None
    return DatabaseConnection(
        login_role=row["login_role"], session_role=row["session_role"], set_role=row["set_role"],
        address=row["client_addr"], application=row["application_name"], pid=row["backend_pid"],
        replication_role=row["replication_role"],
    )  # fmt: skip


def _json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
