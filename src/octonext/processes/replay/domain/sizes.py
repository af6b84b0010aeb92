"""Keeps entries within the protocol's limits: an invoice that is too long becomes several receipts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from octonext.base.money import AMOUNT_MAX
from octonext.sales.entries import ENTRY_BYTES_MAX, LINES_MAX, Line

from .rows import Row

#: What an entry has around its lines, with room.
_FRAME_BYTES = 2_000
TAX_CODE = "GB-O"


def receipt_line(row: Row, product: UUID, original_line: int | None = None) -> Line:
    """The line of a receipt for a row; amounts are positive on a return too."""
    return Line(
        product=product,
        quantity=abs(row.quantity),
        unit_price=row.price,
        tax_code=TAX_CODE,
        rate_ppm=0,
        tax=0,
        total=abs(row.amount),
        original_line=original_line,
    )


_EMPTY = Line(
    product=UUID(int=0), quantity=1, unit_price=0, tax_code=TAX_CODE, rate_ppm=0, tax=0, total=0,
    original_line=LINES_MAX,
)  # fmt: skip
_LINE_BYTES = len(msgspec.json.encode(_EMPTY)) + 1
#: So many lines fit an entry whatever they say: most invoices need no counting.
LINES_THAT_FIT = (ENTRY_BYTES_MAX - _FRAME_BYTES) // (_LINE_BYTES + 3 * len(str(AMOUNT_MAX)))


def line_bytes(row: Row) -> int:
    """At most so many bytes does the line of a row have in JSON."""
    return _LINE_BYTES + len(f"{row.quantity}{row.price}{row.amount}")


def split_to_fit(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in as few runs as fit an entry each: its bytes, its lines, and its total."""
    if len(rows) <= LINES_THAT_FIT and sum(abs(row.amount) for row in rows) <= AMOUNT_MAX:
        return [list(rows)] if rows else []
    runs: list[list[Row]] = []
    size = amount = 0
    for row in rows:
        more_size, more_amount = line_bytes(row), abs(row.amount)
        is_full = size + more_size > ENTRY_BYTES_MAX or amount + more_amount > AMOUNT_MAX
        if not runs or is_full or len(runs[-1]) == LINES_MAX:
            runs.append([])
            size, amount = _FRAME_BYTES, 0
        runs[-1].append(row)
        size += more_size
        amount += more_amount
    return runs
