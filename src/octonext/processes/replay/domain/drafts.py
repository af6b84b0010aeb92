"""Turns entries of the plan into drafts that a till writes, once head office has given out ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from octonext.sales.entries import AdjustmentLine, Payment, ReceiptReference, Return, Sale, StockAdjusted
from octonext.till.domain.pen import Draft

from .plan import Entry, Kind
from .rows import CURRENCY
from .sizes import receipt_line

OPENING = "opening"
FOUND = "found"
WRITE_OFF = "write_off"
NOTE_CHARACTERS_MAX = 200
#: Makes a customer's number in the file an id, the same at every till and in every replay.
CUSTOMERS = UUID("6f1d6a0e-5f0c-5d0b-9b43-2f6f0f1c7a11")


@dataclass(frozen=True, slots=True)
class Place:
    """A till as head office numbered it."""

    branch_id: int
    device_id: int


@dataclass(frozen=True, slots=True)
class Ids:
    """What the plan's names became: products by stock code, and the places of tills."""

    products: Mapping[str, UUID]
    places: Sequence[Place]


def draft_of(entry: Entry, ids: Ids) -> Draft:
    """The draft of a sale, a return or a stock entry; shifts are the till's own doing."""
    match entry.kind:
        case Kind.SALE:
            return Draft(Sale, _amounts(entry, ids), at=entry.at)
        case Kind.RETURN:
            return Draft(Return, _amounts(entry, ids) | {"original": _original(entry, ids)}, at=entry.at)
        case Kind.ADJUSTED:
            return Draft(StockAdjusted, _adjustment(entry, ids), at=entry.at)
        case Kind.OPENING_STOCK:
            lines = [AdjustmentLine(product=ids.products[c], quantity=q) for c, q in entry.stock]
            return Draft(StockAdjusted, {"reason": OPENING, "lines": lines}, at=entry.at)
        case _:
            raise ValueError(f"{entry.kind} is not written from a draft")


def _amounts(entry: Entry, ids: Ids) -> dict[str, object]:
    originals: Sequence[int | None] = entry.original_lines or [None] * len(entry.rows)
    lines = [
        receipt_line(row, ids.products[row.code], original)
        for row, original in zip(entry.rows, originals, strict=True)
    ]
    total = sum(line.total for line in lines)
    payments = [Payment(tender=entry.tender, amount=total)] if total else []
    named = next((row.customer for row in entry.rows if row.customer), None)
    return {
        "currency": CURRENCY,
        "lines": lines,
        "payments": payments,
        "total": total,
        "tax": 0,
        "customer": None if named is None else uuid5(CUSTOMERS, named),
    }


def _original(entry: Entry, ids: Ids) -> ReceiptReference | None:
    if entry.original is None:
        return None
    place = ids.places[entry.original.till]
    return ReceiptReference(branch=place.branch_id, device=place.device_id, seq=entry.original.seq)


def _adjustment(entry: Entry, ids: Ids) -> dict[str, object]:
    lines = [AdjustmentLine(product=ids.products[row.code], quantity=row.quantity) for row in entry.rows]
    remarks = dict.fromkeys(row.description for row in entry.rows if row.description.isprintable())
    return {
        "reason": WRITE_OFF if entry.rows[0].quantity < 0 else FOUND,
        "lines": lines,
        "note": "; ".join(filter(None, remarks))[:NOTE_CHARACTERS_MAX] or None,
    }
