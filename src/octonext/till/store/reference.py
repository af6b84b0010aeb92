"""The till's copy of the reference feed: catalogue, prices, taxes, and who may sign in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from octonext.sync.messages import DeltaRow
from octonext.till.domain.catalogue import Product, Row, is_readable, parse

from .file import QUERIES, TillFile

#: What every sale needs, whatever is scanned; all of them short.
_ALWAYS = ("branch", "price_list", "tax", "till_settings")
#: What says how this branch is paid.
_SETTINGS = ("branch", "till_settings")


class Stored(NamedTuple):
    """What became of the rows of a delta: kept, or left out because they cannot be read."""

    rows: list[Row]
    skipped: list[Row]


class Reference:
    """Rows by kind and key, with the codes of products beside them."""

    def __init__(self, file: TillFile) -> None:
        self._file = file

    def store(self, feed: str, cursor: str, rows: Iterable[DeltaRow]) -> Stored:
        """Store rows and cursor in one transaction.

        A row that this till cannot read is left out; what the till has under its key stays.
        """
        stored = Stored([], [])
        for sent in rows:
            row = Row(sent.kind, sent.key, None if sent.deleted else bytes(sent.value))
            (stored.rows if is_readable(row) else stored.skipped).append(row)
        with self._file.transaction() as connection:
            for row in stored.rows:
                _store_row(connection, row)
            connection.execute(QUERIES["cursor_put"], (feed, cursor))
        return stored

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

    def settings(self) -> list[Row]:
        """What paying needs, whatever is paid for."""
        return _rows([row for kind in _SETTINGS for row in self._file.rows("reference_of_kind", kind)])

    def for_printing(self, products: Iterable[UUID]) -> list[Row]:
        """The products on a receipt."""
        found = (self._file.rows("reference_one", "product", str(product)) for product in set(products))
        return _rows([row for rows in found for row in rows])


def _store_row(connection: sqlite3.Connection, row: Row) -> None:
    if row.kind == "product":
        connection.execute(QUERIES["code_delete"], (row.key,))
    if row.value is None:
        connection.execute(QUERIES["reference_delete"], (row.kind, row.key))
        return
    connection.execute(QUERIES["reference_put"], (row.kind, row.key, row.value.decode()))
    product = parse(row)
    if isinstance(product, Product):
        connection.executemany(
            QUERIES["code_put"], ((code, row.key) for code in (product.sku, *product.barcodes) if code)
        )


def _rows(rows: Iterable[tuple[str, str, str]]) -> list[Row]:
    return [Row(kind, key, payload.encode()) for kind, key, payload in rows]
