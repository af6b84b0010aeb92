"""Tax rows at head office."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from octonext.runtime.postgres import Connection
from octonext.runtime.sql import load_queries

from .domain import Tax, TaxChange, TaxClass

QUERIES = load_queries(__package__ or "")

REFUSALS: Mapping[str, str] = {
    "tax_class_rate": "Only the standard class has a rate; the others are 0 by what they mean.",
    "tax_jurisdiction_check": "A jurisdiction is two letters, such as SA.",
}


async def list_taxes(connection: Connection, jurisdiction: str | None) -> list[Tax]:
    """All taxes, of one jurisdiction or of every one; there are four of each."""
    rows = await connection.fetch(QUERIES["list_taxes"], jurisdiction)
    return [msgspec.convert(dict(row), Tax) for row in rows]


async def put_tax(connection: Connection, jurisdiction: str, tax_class: TaxClass, change: TaxChange) -> Tax:
    """A tax as it is from now on."""
    row = await connection.fetchrow(
        QUERIES["put_tax"],
        jurisdiction, tax_class, change.tax_code, change.rate_ppm, change.name_en, change.name_ar,
    )  # fmt: skip
    return msgspec.convert(dict(row), Tax)
