"""Taxes over HTTP."""

from __future__ import annotations

from litestar import Router, get, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler

from octonext.edge.authentication import needs
from octonext.edge.dependencies import HeadOffice
from octonext.edge.pagination import Page
from octonext.edge.tokens import CATALOG_READ, CATALOG_WRITE

from . import service
from .domain import Tax, TaxChange, TaxClass


@get("/taxes", opt=needs(CATALOG_READ))
async def list_taxes(hq: HeadOffice, jurisdiction: FromQuery[str | None] = None) -> Page[Tax]:
    """Taxes, of one jurisdiction or of all."""
    return Page(items=await service.list_taxes(hq, jurisdiction))


@put("/taxes/{jurisdiction:str}/{tax_class:str}", opt=needs(CATALOG_WRITE))
async def put_tax(
    jurisdiction: FromPath[str], tax_class: FromPath[TaxClass], data: JSONBody[TaxChange], hq: HeadOffice
) -> Tax:
    """Set a tax of a jurisdiction on a class of goods."""
    return await service.put_tax(hq, jurisdiction, tax_class, data)


def routes() -> list[ControllerRouterHandler]:
    """The handlers, to be mounted below API_PATH of an `edge.application`."""
    return [Router("/", route_handlers=[list_taxes, put_tax], tags=["Taxes"])]
