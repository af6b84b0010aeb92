"""Products, barcodes and categories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from octonext.base.ids import new_uuid7
from octonext.catalog.domain.barcodes import classify, trade_item
from octonext.catalog.domain.resources import (
    Category,
    CategoryChange,
    CategoryDraft,
    Product,
    ProductChange,
    ProductDraft,
)
from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

QUERIES = load_queries(__package__ or "", "products.sql")


async def upsert_products(connection: Connection, rows: Collection[ProductDraft]) -> int:
    """Write products and their sets of barcodes, one statement per table; how many are new."""
    given = [
        {
            "product_id": new_uuid7(), "sku": row.sku, "name_en": row.name_en,
            "name_ar": row.name_ar, "unit": row.unit, "category_id": row.category_id,
            "tax_class": row.tax_class, "active": row.active,
        }
        for row in rows
    ]  # fmt: skip
    written = await connection.fetch(QUERIES["upsert_products"], _json(given))
    await set_barcodes(connection, {row.sku: row.barcodes for row in rows if row.barcodes is not None})
    return sum(row["created"] for row in written)


async def set_barcodes(connection: Connection, barcodes: Mapping[str, Collection[str]]) -> None:
    """Make these, and no others, the barcodes of the products with these skus."""
    if not barcodes:
        return
    sets = [{"sku": sku, "barcodes": sorted(codes)} for sku, codes in barcodes.items()]
    await connection.execute(QUERIES["remove_other_barcodes"], _json(sets))
    await add_barcodes(connection, ((sku, code) for sku, codes in barcodes.items() for code in codes))


async def add_barcodes(connection: Connection, codes: Iterable[tuple[str, str]]) -> None:
    """Add (sku, barcode) pairs."""
    rows = [{"sku": sku, "barcode": code, "kind": classify(code)} for sku, code in codes]
    await connection.execute(QUERIES["add_barcodes"], _json(rows))


async def barcode_owners(connection: Connection, codes: Collection[str]) -> dict[str, str]:
    """The sku that holds each trade item already; keyed by `trade_item` of the code."""
    items = [trade_item(code) for code in codes]
    rows = await connection.fetch(QUERIES["barcode_owners"], list(codes), items)
    return {trade_item(row["barcode"]): row["sku"] for row in rows}


async def known_categories(connection: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Which of these categories there are."""
    if not ids:
        return set()
    rows = await connection.fetch(QUERIES["known_categories"], list(ids))
    return {row["category_id"] for row in rows}


async def products_by_sku(connection: Connection, skus: Collection[str]) -> dict[str, UUID]:
    """Which of these products there are."""
    rows = await connection.fetch(QUERIES["products_by_sku"], list(skus))
    return {row["sku"]: row["product_id"] for row in rows}


async def get_product(connection: Connection, product_id: UUID) -> Product | None:
    """One product with its barcodes."""
    return _product(await connection.fetchrow(QUERIES["get_product"], product_id))


async def get_product_by_sku(connection: Connection, sku: str) -> Product | None:
    """One product with its barcodes, by its sku."""
    return _product(await connection.fetchrow(QUERIES["get_product_by_sku"], sku))


async def find_product(connection: Connection, barcode: str) -> Product | None:
    """The product that is scanned with a code, whether the scanner gave it as UPC-A or as EAN-13."""
    row = await connection.fetchrow(QUERIES["find_product"], barcode, trade_item(barcode))
    return _product(row)


async def list_products(connection: Connection, after: str, limit: int) -> list[Product]:
    """A page of products by sku."""
    rows = await connection.fetch(QUERIES["list_products"], after, limit)
    return [msgspec.convert(dict(row), Product) for row in rows]


async def change_product(connection: Connection, product_id: UUID, change: ProductChange) -> str | None:
    """The product's sku, or None when there is no such product."""
    sku: str | None = await connection.fetchval(
        QUERIES["change_product"], product_id, change.name_en, change.name_ar, change.unit,
        change.category_id, change.tax_class, change.active,
    )  # fmt: skip
    return sku


async def remove_barcode(connection: Connection, product_id: UUID, barcode: str) -> bool:
    """A code that no longer names a product."""
    removed = await connection.fetchval(QUERIES["remove_barcode"], product_id, barcode)
    return removed is not None


async def insert_category(connection: Connection, category_id: UUID, draft: CategoryDraft) -> Category:
    """A new category."""
    row = await connection.fetchrow(
        QUERIES["insert_category"],
        category_id, draft.code, draft.parent_id, draft.name_en, draft.name_ar,
    )  # fmt: skip
    return msgspec.convert(dict(row), Category)


async def list_categories(connection: Connection, after: str, limit: int) -> list[Category]:
    """A page of categories by code."""
    rows = await connection.fetch(QUERIES["list_categories"], after, limit)
    return [msgspec.convert(dict(row), Category) for row in rows]


async def change_category(
    connection: Connection, category_id: UUID, change: CategoryChange
) -> Category | None:
    """New names of a category; null leaves one as it is."""
    row = await connection.fetchrow(QUERIES["change_category"], category_id, change.name_en, change.name_ar)
    return None if row is None else msgspec.convert(dict(row), Category)


def _product(row: Mapping[str, Any] | None) -> Product | None:
    return None if row is None else msgspec.convert(dict(row), Product)


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
