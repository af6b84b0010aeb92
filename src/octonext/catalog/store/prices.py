"""Price lists, prices and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from octonext.catalog.domain.resources import (
    Cost,
    Price,
    PriceDraft,
    PriceList,
    PriceListChange,
    PriceListDraft,
)
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

QUERIES = load_queries(__package__ or "", "prices.sql")


async def insert_price_list(connection: Connection, price_list_id: UUID, draft: PriceListDraft) -> PriceList:
    """A new list of prices."""
    row = await connection.fetchrow(
        QUERIES["insert_price_list"], price_list_id, draft.code, draft.name, draft.region_id,
        draft.branch_id, draft.currency, draft.tax_inclusive, draft.priority,
    )  # fmt: skip
    return msgspec.convert(dict(row), PriceList)


async def list_price_lists(
    connection: Connection, after: str, limit: int, region_id: int | None
) -> list[PriceList]:
    """A page of price lists by code, of one region or of all."""
    rows = await connection.fetch(QUERIES["list_price_lists"], after, limit, region_id)
    return [msgspec.convert(dict(row), PriceList) for row in rows]


async def change_price_list(
    connection: Connection, price_list_id: UUID, change: PriceListChange
) -> PriceList | None:
    """New values of a list; null leaves one as it is."""
    row = await connection.fetchrow(
        QUERIES["change_price_list"],
        price_list_id, change.name, change.tax_inclusive, change.priority,
    )  # fmt: skip
    return None if row is None else msgspec.convert(dict(row), PriceList)


async def lock_price_list(connection: Connection, price_list_id: UUID) -> str | None:
    """The list's currency, or None when there is no such list."""
    currency: str | None = await connection.fetchval(QUERIES["lock_price_list"], price_list_id)
    return currency


async def put_prices(
    connection: Connection,
    price_list_id: UUID,
    currency: str,
    rows: Sequence[tuple[UUID, PriceDraft]],
) -> None:
    """Write prices of products, ending open ones that began earlier."""
    given = _json([
        {
            "product_id": product_id, "amount": row.amount,
            "valid_from": row.valid_from, "valid_until": row.valid_until,
        }
        for product_id, row in rows
    ])  # fmt: skip
    await connection.execute(QUERIES["end_open_prices"], price_list_id, given)
    await connection.execute(QUERIES["put_prices"], price_list_id, given, currency)


async def list_prices(
    connection: Connection, price_list_id: UUID, after: tuple[str, date], limit: int
) -> list[Price]:
    """A page of a list's prices by sku and first day."""
    rows = await connection.fetch(QUERIES["list_prices"], price_list_id, *after, limit)
    return [msgspec.convert(dict(row), Price) for row in rows]


async def remove_price(
    connection: Connection, price_list_id: UUID, product_id: UUID, valid_from: date
) -> bool:
    """A price that was set by mistake."""
    removed = await connection.fetchval(QUERIES["remove_price"], price_list_id, product_id, valid_from)
    return removed is not None


async def region_currency(connection: Connection, region_id: int) -> str | None:
    """The money of a region."""
    currency: str | None = await connection.fetchval(QUERIES["region_currency"], region_id)
    return currency


async def put_costs(connection: Connection, region_id: int, currency: str, costs: Mapping[UUID, int]) -> None:
    """What products cost in a region from now on."""
    given = _json([{"product_id": product_id, "cost": cost} for product_id, cost in costs.items()])
    await connection.execute(QUERIES["put_costs"], region_id, given, currency)


async def list_costs(connection: Connection, region_id: int, after: str, limit: int) -> list[Cost]:
    """A page of a region's costs by sku."""
    rows = await connection.fetch(QUERIES["list_costs"], region_id, after, limit)
    return [msgspec.convert(dict(row), Cost) for row in rows]


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
