"""Taxes: each function is one transaction at head office."""

from __future__ import annotations

from octonext.edge.errors import InvalidRequest
from octonext.edge.refusals import explained
from octonext.runtime.postgres import Pool, transaction

from . import store
from .domain import Tax, TaxChange, TaxClass


async def list_taxes(pool: Pool, jurisdiction: str | None) -> list[Tax]:
    """All taxes, of one jurisdiction or of every one."""
    async with transaction(pool, readonly=True) as connection:
        return await store.list_taxes(connection, jurisdiction)


async def put_tax(pool: Pool, jurisdiction: str, tax_class: TaxClass, change: TaxChange) -> Tax:
    """Set a tax. Raises InvalidRequest for a code of another country or a rate that cannot be."""
    if not change.tax_code.startswith(f"{jurisdiction}-"):
        raise InvalidRequest(f"A tax code of {jurisdiction} begins with {jurisdiction}-.")
    with explained(store.REFUSALS):
        async with transaction(pool) as connection:
            return await store.put_tax(connection, jurisdiction, tax_class, change)
