"""Price lists, prices and costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from octonext.base.ids import new_uuid7
from octonext.base.money import exponent
from octonext.catalog.domain.batches import read_prices, read_unique
from octonext.catalog.domain.resources import (
    BatchResult,
    Cost,
    CostBatch,
    CostDraft,
    Price,
    PriceList,
    PriceListChange,
    PriceListDraft,
)
from octonext.catalog.store import REFUSALS
from octonext.catalog.store import prices as store
from octonext.catalog.store.products import products_by_sku
from octonext.edge.errors import NotFound
from octonext.edge.refusals import explained
from octonext.runtime.postgres import Pool, transaction

from .products import unknown_products


async def create_price_list(pool: Pool, draft: PriceListDraft) -> PriceList:
    """Raises Conflict, UnknownReference, InvalidAmount for an unknown currency."""
    exponent(draft.currency)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            return await store.insert_price_list(connection, new_uuid7(), draft)


async def list_price_lists(pool: Pool, after: str, limit: int, region_id: int | None) -> list[PriceList]:
    """Up to `limit` price lists behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_price_lists(connection, after, limit, region_id)


async def change_price_list(pool: Pool, price_list_id: UUID, change: PriceListChange) -> PriceList:
    """Raises NotFound."""
    async with transaction(pool) as connection:
        price_list = await store.change_price_list(connection, price_list_id, change)
    if price_list is None:
        raise NotFound("There is no such price list.")
    return price_list


async def put_prices(pool: Pool, price_list_id: UUID, rows: Sequence[dict[str, Any]]) -> BatchResult:
    """Set prices: the good rows in one transaction, the others reported.

    Raises NotFound for the list, Conflict when prices of one product would overlap.
    """
    reading = read_prices(rows)
    good, errors = dict(reading.good), list(reading.errors)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            currency = await store.lock_price_list(connection, price_list_id)
            if currency is None:
                raise NotFound("There is no such price list.")
            skus = {index: row.sku for index, row in good.items()}
            known = await products_by_sku(connection, set(skus.values()))
            for error in unknown_products(skus, known):
                errors.append(error)
                del good[error.index]
            if good:
                priced = [(known[row.sku], row) for row in good.values()]
                await store.put_prices(connection, price_list_id, currency, priced)
    errors.sort(key=lambda error: error.index)
    return BatchResult(applied=len(good), created=0, errors=errors)


async def list_prices(pool: Pool, price_list_id: UUID, after: tuple[str, date], limit: int) -> list[Price]:
    """Up to `limit` prices behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_prices(connection, price_list_id, after, limit)


async def remove_price(pool: Pool, price_list_id: UUID, product_id: UUID, valid_from: date) -> None:
    """Raises NotFound."""
    async with transaction(pool) as connection:
        if not await store.remove_price(connection, price_list_id, product_id, valid_from):
            raise NotFound("There is no such price.")


async def put_costs(pool: Pool, batch: CostBatch) -> BatchResult:
    """Set what products cost in a region. Raises NotFound for the region."""
    reading = read_unique(batch.rows, CostDraft)
    good, errors = dict(reading.good), list(reading.errors)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            currency = await store.region_currency(connection, batch.region_id)
            if currency is None:
                raise NotFound("There is no such region.")
            skus = {index: row.sku for index, row in good.items()}
            known = await products_by_sku(connection, set(skus.values()))
            for error in unknown_products(skus, known):
                errors.append(error)
                del good[error.index]
            costs = {known[row.sku]: row.cost for row in good.values()}
            await store.put_costs(connection, batch.region_id, currency, costs)
    errors.sort(key=lambda error: error.index)
    return BatchResult(applied=len(good), created=0, errors=errors)


async def list_costs(pool: Pool, region_id: int, after: str, limit: int) -> list[Cost]:
    """Up to `limit` costs behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_costs(connection, region_id, after, limit)
