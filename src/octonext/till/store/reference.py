"""The till's copy of the reference feed: catalogue, prices, taxes, and who may sign in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from octonext.sync.messages import DeltaRow
from octonext.till.domain.catalogue import Row
from octonext.till.errors import ReferenceRefused

from .file import QUERIES, TillFile

#: What every sale needs, whatever is scanned; all of them short.
_ALWAYS = ("branch", "price_list", "tax")


class _Codes(msgspec.Struct):
    sku: str = ""
    barcodes: list[str] = []


class Reference:
    """Rows by kind and key, with the codes of products beside them."""

    def __init__(self, file: TillFile) -> None:
        self._file = file

    def store(self, feed: str, cursor: str, rows: Sequence[DeltaRow]) -> None:
        """Store rows and cursor in one transaction. Raises `ReferenceRefused`; then nothing is stored."""
        try:
            with self._file.transaction() as connection:
                for row in rows:
                    _store_row(connection, row)
                connection.execute(QUERIES["cursor_put"], (feed, cursor))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReferenceRefused(
                f"The shard sent reference data that this till cannot read: {error}.",
                remedy="Sales go on with what the till has; tell head office.",
            ) from error

    def cursors(self) -> dict[str, str]:
        """Feed -> cursor of the last rows that were stored."""
        return dict(self._file.rows("cursor_list"))

    def counts(self) -> dict[str, int]:
        """How many rows of each kind are here."""
        return dict(self._file.rows("reference_counts"))

    def all(self) -> list[Row]:
        """The whole copy."""
        return _rows(self._file.rows("reference_all"))

    def cashiers(self) -> list[Row]:
        """Everybody who may sign in somewhere in the region."""
        return _rows(self._file.rows("reference_of_kind", "cashier"))

    def for_sale(self, codes: Iterable[str]) -> list[Row]:
        """What a sale of these barcodes or SKUs needs."""
        products = {product for code in codes for (product,) in self._file.rows("code_products", code)}
        rows = [row for kind in _ALWAYS for row in self._file.rows("reference_of_kind", kind)]
        for product in products:
            rows += self._file.rows("reference_one", "product", product)
            rows += self._file.rows("reference_prices", product)
        return _rows(rows)

    def for_printing(self, products: Iterable[UUID]) -> list[Row]:
        """The products on a receipt."""
        found = (self._file.rows("reference_one", "product", str(product)) for product in set(products))
        return _rows([row for rows in found for row in rows])


def _store_row(connection: sqlite3.Connection, row: DeltaRow) -> None:
    if row.kind == "product":
        connection.execute(QUERIES["code_delete"], (row.key,))
    if row.deleted:
        connection.execute(QUERIES["reference_delete"], (row.kind, row.key))
        return
    payload = bytes(row.value)
    connection.execute(QUERIES["reference_put"], (row.kind, row.key, payload.decode()))
    if row.kind == "product":
        codes = msgspec.json.decode(payload, type=_Codes)
        connection.executemany(
            QUERIES["code_put"], ((code, row.key) for code in (codes.sku, *codes.barcodes) if code)
        )


def _rows(rows: Iterable[tuple[str, str, str]]) -> list[Row]:
    return [Row(kind, key, payload.encode()) for kind, key, payload in rows]
