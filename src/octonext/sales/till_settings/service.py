"""Reading and setting what tills obey: each function is one transaction at head office."""

from __future__ import annotations

import msgspec

from octonext.edge.errors import NotFound
from octonext.runtime.audit import record_event
from octonext.runtime.postgres import Connection, Pool, transaction

from . import store
from .domain import PlacedTillSettings, Scope, TillSettings, check, merged


async def get_settings(pool: Pool, scope: Scope, place_id: int) -> PlacedTillSettings:
    """What was set there, without what it takes over. Raises NotFound for a place that there is not."""
    async with transaction(pool, readonly=True) as connection:
        await _region_of(connection, scope, place_id)
        settings = await store.get_settings(connection, scope, place_id)
    return PlacedTillSettings(scope=scope, id=place_id, settings=settings)


async def effective_settings(pool: Pool, branch_id: int) -> PlacedTillSettings:
    """What holds in a branch, its region's settings included. Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        region_id = await _region_of(connection, "branch", branch_id)
        region = await store.get_settings(connection, "region", region_id)
        branch = await store.get_settings(connection, "branch", branch_id)
    return PlacedTillSettings(scope="branch", id=branch_id, settings=merged(region, branch))


async def put_settings(pool: Pool, scope: Scope, place_id: int, settings: TillSettings) -> PlacedTillSettings:
    """Set everything for a region or a branch; every connected till of it hears of it.

    Raises TillSettingsInvalid, NotFound.
    """
    check(settings)
    async with transaction(pool) as connection:
        region_id = await _region_of(connection, scope, place_id)
        await store.put_settings(connection, scope, place_id, region_id, settings)
        await record_event(
            connection, "till_settings_changed", scope=scope, id=place_id,
            members=sorted(msgspec.to_builtins(settings)),
        )  # fmt: skip
    return PlacedTillSettings(scope=scope, id=place_id, settings=settings)


async def _region_of(connection: Connection, scope: Scope, place_id: int) -> int:
    region_id = await store.region_of(connection, scope, place_id)
    if region_id is None:
        raise NotFound(f"There is no {scope} {place_id}.")
    return region_id
