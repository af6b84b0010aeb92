"""Rows of till settings at head office."""

from __future__ import annotations

import msgspec

from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Scope, TillSettings

QUERIES = load_queries(__package__ or "")


async def region_of(connection: Connection, scope: Scope, place_id: int) -> int | None:
    """The region that a region or branch is of, None when there is no such one."""
    region_id: int | None = await connection.fetchval(QUERIES["region_of"], scope, place_id)
    return region_id


async def get_settings(connection: Connection, scope: Scope, place_id: int) -> TillSettings:
    """What was set for a region or a branch; nothing, if nothing was."""
    found = await connection.fetchval(QUERIES["get_till_settings"], scope, place_id)
    return TillSettings() if found is None else msgspec.json.decode(found, type=TillSettings)


async def put_settings(
    connection: Connection, scope: Scope, place_id: int, region_id: int, settings: TillSettings
) -> None:
    """Set everything for a region or a branch."""
    await connection.execute(
        QUERIES["put_till_settings"], scope, place_id, region_id, msgspec.json.encode(settings).decode()
    )
