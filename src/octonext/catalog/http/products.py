"""Products, barcodes and categories."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from litestar.types import ControllerRouterHandler

from octonext.catalog.domain.resources import (
    BarcodeDraft,
    BatchResult,
    Category,
    CategoryChange,
    CategoryDraft,
    Product,
    ProductBatch,
    ProductChange,
    ProductDraft,
)
from octonext.catalog.service import products as service
from octonext.edge.authentication import needs
from octonext.edge.dependencies import HeadOffice
from octonext.edge.limits import BATCH_BODY_BYTES_MAX
from octonext.edge.pagination import DEFAULT_LIMIT, Page, PageCursor, PageLimit, decode_cursor, page_of
from octonext.edge.tokens import CATALOG_READ, CATALOG_WRITE

READ, WRITE = needs(CATALOG_READ), needs(CATALOG_WRITE)


@post("/products", opt=WRITE)
async def create_product(data: JSONBody[ProductDraft], hq: HeadOffice) -> Product:
    """Create a product."""
    return await service.create_product(hq, data)


@post("/products:batch", opt=WRITE, status_code=HTTP_200_OK, request_max_body_size=BATCH_BODY_BYTES_MAX)
async def apply_batch(data: JSONBody[ProductBatch], hq: HeadOffice) -> BatchResult:
    """Create or change up to 1,000 products by sku; bad rows are reported one by one."""
    return await service.apply_batch(hq, data.rows)


@get("/products", opt=READ)
async def list_products(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Product]:
    """List products by sku."""
    rows = await service.list_products(hq, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.sku)


@get("/products/{product_id:uuid}", opt=READ)
async def get_product(product_id: FromPath[UUID], hq: HeadOffice) -> Product:
    """One product."""
    return await service.get_product(hq, product_id)


@patch("/products/{product_id:uuid}", opt=WRITE)
async def change_product(
    product_id: FromPath[UUID], data: JSONBody[ProductChange], hq: HeadOffice
) -> Product:
    """Change a product."""
    return await service.change_product(hq, product_id, data)


@post("/products/{product_id:uuid}/barcodes", opt=WRITE)
async def add_barcode(product_id: FromPath[UUID], data: JSONBody[BarcodeDraft], hq: HeadOffice) -> Product:
    """Add a barcode to a product."""
    return await service.add_barcode(hq, product_id, data.barcode)


@delete("/products/{product_id:uuid}/barcodes/{barcode:str}", opt=WRITE)
async def remove_barcode(product_id: FromPath[UUID], barcode: FromPath[str], hq: HeadOffice) -> None:
    """Remove a barcode."""
    await service.remove_barcode(hq, product_id, barcode)


@get("/barcodes/{barcode:str}", opt=READ)
async def find_product(barcode: FromPath[str], hq: HeadOffice) -> Product:
    """The product that a scanned code names."""
    return await service.find_product(hq, barcode)


@post("/categories", opt=WRITE)
async def create_category(data: JSONBody[CategoryDraft], hq: HeadOffice) -> Category:
    """Create a category."""
    return await service.create_category(hq, data)


@get("/categories", opt=READ)
async def list_categories(
    hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Category]:
    """List categories by code."""
    rows = await service.list_categories(hq, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.code)


@patch("/categories/{category_id:uuid}", opt=WRITE)
async def change_category(
    category_id: FromPath[UUID], data: JSONBody[CategoryChange], hq: HeadOffice
) -> Category:
    """Rename a category."""
    return await service.change_category(hq, category_id, data)


PRODUCT_HANDLERS: list[ControllerRouterHandler] = [
    create_product, apply_batch, list_products, get_product, change_product,
    add_barcode, remove_barcode, find_product, create_category, list_categories, change_category,
]  # fmt: skip
