"""Price lists, prices and costs."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK
from litestar.types import ControllerRouterHandler

from octonext.catalog.domain.resources import (
    BatchResult,
    Cost,
    CostBatch,
    Price,
    PriceBatch,
    PriceList,
    PriceListChange,
    PriceListDraft,
)
from octonext.catalog.service import prices as service
from octonext.edge.authentication import needs
from octonext.edge.dependencies import HeadOffice
from octonext.edge.errors import InvalidRequest
from octonext.edge.limits import BATCH_BODY_BYTES_MAX
from octonext.edge.pagination import DEFAULT_LIMIT, Page, PageCursor, PageLimit, decode_cursor, page_of
from octonext.edge.tokens import CATALOG_READ, CATALOG_WRITE

READ, WRITE = needs(CATALOG_READ), needs(CATALOG_WRITE)


@post("/price-lists", opt=WRITE)
async def create_price_list(data: JSONBody[PriceListDraft], hq: HeadOffice) -> PriceList:
    """Create a price list for a region or one of its branches."""
    return await service.create_price_list(hq, data)


@get("/price-lists", opt=READ)
async def list_price_lists(
    hq: HeadOffice,
    region_id: FromQuery[int | None] = None,
    limit: PageLimit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Page[PriceList]:
    """List price lists by code, of one region or of all."""
    rows = await service.list_price_lists(hq, decode_cursor(cursor), limit + 1, region_id)
    return page_of(rows, limit, lambda row: row.code)


@patch("/price-lists/{price_list_id:uuid}", opt=WRITE)
async def change_price_list(
    price_list_id: FromPath[UUID], data: JSONBody[PriceListChange], hq: HeadOffice
) -> PriceList:
    """Change a price list."""
    return await service.change_price_list(hq, price_list_id, data)


@post(
    "/price-lists/{price_list_id:uuid}/prices:batch",
    opt=WRITE,
    status_code=HTTP_200_OK,
    request_max_body_size=BATCH_BODY_BYTES_MAX,
)
async def put_prices(
    price_list_id: FromPath[UUID], data: JSONBody[PriceBatch], hq: HeadOffice
) -> BatchResult:
    """Set up to 1,000 prices by sku; bad rows are reported one by one."""
    return await service.put_prices(hq, price_list_id, data.rows)


@get("/price-lists/{price_list_id:uuid}/prices", opt=READ)
async def list_prices(
    price_list_id: FromPath[UUID], hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Price]:
    """List prices by sku and first day."""
    rows = await service.list_prices(hq, price_list_id, _after(cursor), limit + 1)
    return page_of(rows, limit, lambda row: f"{row.valid_from} {row.sku}")


@delete("/price-lists/{price_list_id:uuid}/prices/{product_id:uuid}/{valid_from:date}", opt=WRITE)
async def remove_price(
    price_list_id: FromPath[UUID], product_id: FromPath[UUID], valid_from: FromPath[date], hq: HeadOffice
) -> None:
    """Remove a price that was set by mistake."""
    await service.remove_price(hq, price_list_id, product_id, valid_from)


@post("/costs:batch", opt=WRITE, status_code=HTTP_200_OK, request_max_body_size=BATCH_BODY_BYTES_MAX)
async def put_costs(data: JSONBody[CostBatch], hq: HeadOffice) -> BatchResult:
    """Set what up to 1,000 products cost in a region; bad rows are reported one by one."""
    return await service.put_costs(hq, data)


@get("/costs", opt=READ)
async def list_costs(
    region_id: FromQuery[int], hq: HeadOffice, limit: PageLimit = DEFAULT_LIMIT, cursor: PageCursor = None
) -> Page[Cost]:
    """List the costs of a region by sku."""
    rows = await service.list_costs(hq, region_id, decode_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda row: row.sku)


PRICE_HANDLERS: list[ControllerRouterHandler] = [
    create_price_list, list_price_lists, change_price_list, put_prices, list_prices, remove_price,
    put_costs, list_costs,
]  # fmt: skip


def _after(cursor: str | None) -> tuple[str, date]:
    """The sku and first day in a cursor: the day first, for a sku may hold spaces."""
    key = decode_cursor(cursor)
    if not key:
        return "", date.min
    day, _, sku = key.partition(" ")
    try:
        return sku, date.fromisoformat(day)
    except ValueError:
        raise InvalidRequest("The cursor is not one that this API gave.") from None
