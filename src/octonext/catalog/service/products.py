"""Products, barcodes and categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from octonext.base.ids import new_uuid7
from octonext.catalog.domain.barcodes import classify, trade_item
from octonext.catalog.domain.batches import check_product, read_products
from octonext.catalog.domain.resources import (
    BatchResult,
    Category,
    CategoryChange,
    CategoryDraft,
    Product,
    ProductChange,
    ProductDraft,
    RowError,
    check_printable,
)
from octonext.catalog.store import REFUSALS
from octonext.catalog.store import products as store
from octonext.edge.errors import Conflict, NotFound
from octonext.edge.refusals import UnknownReference, explained
from octonext.runtime.postgres import Connection, Pool, transaction


async def create_product(pool: Pool, draft: ProductDraft) -> Product:
    """A product that is not there yet. Raises Conflict, UnknownReference, InvalidBarcode."""
    check_product(draft)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            if await store.get_product_by_sku(connection, draft.sku) is not None:
                raise Conflict(REFUSALS["product_sku_unique"])
            await store.upsert_products(connection, [draft])
            product = await store.get_product_by_sku(connection, draft.sku)
    assert product is not None  # just written in the same transaction
    return product


async def apply_batch(pool: Pool, rows: Sequence[dict[str, Any]]) -> BatchResult:
    """Create or change products by sku: the good rows in one transaction, the others reported.

    Raises Conflict when another batch took one of the barcodes at the same moment; try again then.
    """
    reading = read_products(rows)
    good, errors = dict(reading.good), list(reading.errors)
    created = 0
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            for error in await _refused_by_what_is_there(connection, good):
                errors.append(error)
                del good[error.index]
            if good:
                created = await store.upsert_products(connection, good.values())
    errors.sort(key=lambda error: error.index)
    return BatchResult(applied=len(good), created=created, errors=errors)


async def _refused_by_what_is_there(connection: Connection, rows: dict[int, ProductDraft]) -> list[RowError]:
    codes = {code for row in rows.values() for code in row.barcodes or ()}
    owners = await store.barcode_owners(connection, codes) if codes else {}
    wanted = {row.category_id for row in rows.values() if row.category_id is not None}
    categories = await store.known_categories(connection, wanted)
    errors = []
    for index, row in rows.items():
        taken = [
            code for code in row.barcodes or ()
            if owners.get(trade_item(code), row.sku) != row.sku
        ]  # fmt: skip
        if taken:
            message = f"The barcode {taken[0]} belongs to the product {owners[trade_item(taken[0])]}."
            errors.append(RowError(index=index, code="barcode_taken", message=message, sku=row.sku))
        elif row.category_id is not None and row.category_id not in categories:
            message = f"There is no category {row.category_id}."
            errors.append(RowError(index=index, code="unknown_category", message=message, sku=row.sku))
    return errors


async def get_product(pool: Pool, product_id: UUID) -> Product:
    """Raises NotFound."""
    async with transaction(pool, readonly=True) as connection:
        return _found(await store.get_product(connection, product_id))


async def find_product(pool: Pool, barcode: str) -> Product:
    """The product a scanned code names. Raises InvalidBarcode, NotFound."""
    classify(barcode)
    async with transaction(pool, readonly=True) as connection:
        return _found(await store.find_product(connection, barcode))


async def list_products(pool: Pool, after: str, limit: int) -> list[Product]:
    """Up to `limit` products behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_products(connection, after, limit)


async def change_product(pool: Pool, product_id: UUID, change: ProductChange) -> Product:
    """Raises NotFound, Conflict, UnknownReference, InvalidBarcode, InvalidRequest."""
    check_printable("name_en", change.name_en)
    check_printable("name_ar", change.name_ar)
    for barcode in change.barcodes or ():
        classify(barcode)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            sku = await store.change_product(connection, product_id, change)
            if sku is None:
                raise NotFound("There is no such product.")
            if change.barcodes is not None:
                await store.set_barcodes(connection, {sku: change.barcodes})
            return _found(await store.get_product(connection, product_id))


async def add_barcode(pool: Pool, product_id: UUID, barcode: str) -> Product:
    """Raises NotFound, Conflict, InvalidBarcode."""
    classify(barcode)
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            product = _found(await store.get_product(connection, product_id))
            await store.add_barcodes(connection, [(product.sku, barcode)])
            return _found(await store.get_product(connection, product_id))


async def remove_barcode(pool: Pool, product_id: UUID, barcode: str) -> None:
    """Raises NotFound."""
    async with transaction(pool) as connection:
        if not await store.remove_barcode(connection, product_id, barcode):
            raise NotFound("The product has no such barcode.")


async def create_category(pool: Pool, draft: CategoryDraft) -> Category:
    """Raises Conflict, UnknownReference."""
    with explained(REFUSALS):
        async with transaction(pool) as connection:
            return await store.insert_category(connection, new_uuid7(), draft)


async def list_categories(pool: Pool, after: str, limit: int) -> list[Category]:
    """Up to `limit` categories behind the key `after`, in key order."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_categories(connection, after, limit)


async def change_category(pool: Pool, category_id: UUID, change: CategoryChange) -> Category:
    """Raises NotFound."""
    async with transaction(pool) as connection:
        category = await store.change_category(connection, category_id, change)
    if category is None:
        raise NotFound("There is no such category.")
    return category


def unknown_products(skus: dict[int, str], known: dict[str, UUID]) -> list[RowError]:
    """An error for each row whose product is not there."""
    return [
        RowError(index=index, code=UnknownReference.code, message=f"There is no product {sku}.", sku=sku)
        for index, sku in skus.items()
        if sku not in known
    ]


def _found(product: Product | None) -> Product:
    if product is None:
        raise NotFound("There is no such product.")
    return product
