"""Reading the rows of a batch: each is judged alone, so that one bad row stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from octonext.base.errors import OctoNextError

from .barcodes import classify, trade_item
from .resources import PriceDraft, ProductDraft, RowError, check_printable

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class Reading(Generic[T]):
    """Rows that may go on, by their index, and what was wrong with the others."""

    good: Mapping[int, T]
    errors: Sequence[RowError]


def read_products(rows: Sequence[Mapping[str, Any]]) -> Reading[ProductDraft]:
    """Decode rows, check them, and let a sku or a barcode stand once: the first one has it."""
    reading = _read(rows, ProductDraft, check_product)
    good: dict[int, ProductDraft] = {}
    errors = list(reading.errors)
    skus: set[str] = set()
    codes: set[str] = set()
    for index, row in reading.good.items():
        items = {trade_item(barcode) for barcode in row.barcodes or ()}
        if row.sku in skus:
            errors.append(_error(index, "duplicate_sku", f"The sku {row.sku} is in an earlier row.", row.sku))
        elif not codes.isdisjoint(items):
            errors.append(_error(index, "duplicate_barcode", "A barcode is in an earlier row.", row.sku))
        else:
            skus.add(row.sku)
            codes |= items
            good[index] = row
    return Reading(good, errors)


def read_prices(rows: Sequence[Mapping[str, Any]]) -> Reading[PriceDraft]:
    """Decode prices; two rows of one sku may not begin on the same day."""
    reading = _read(rows, PriceDraft, _check_price)
    good: dict[int, PriceDraft] = {}
    errors = list(reading.errors)
    for index, row in reading.good.items():
        if any(row.sku == other.sku and row.valid_from == other.valid_from for other in good.values()):
            errors.append(_error(index, "duplicate_price", "An earlier row begins on this day.", row.sku))
        else:
            good[index] = row
    return Reading(good, errors)


def read_unique(rows: Sequence[Mapping[str, Any]], kind: type[T]) -> Reading[T]:
    """Decode rows that have a `sku`, each of which may stand once."""
    reading = _read(rows, kind, lambda _: None)
    good: dict[int, T] = {}
    errors = list(reading.errors)
    skus: set[str] = set()
    for index, row in reading.good.items():
        sku: str = row.sku  # type: ignore[attr-defined]  # every kind of row here has one
        if sku in skus:
            errors.append(_error(index, "duplicate_sku", f"The sku {sku} is in an earlier row.", sku))
        else:
            skus.add(sku)
            good[index] = row
    return Reading(good, errors)


def check_product(row: ProductDraft) -> None:
    """Raises InvalidRequest or InvalidBarcode."""
    check_printable("sku", row.sku)
    check_printable("name_en", row.name_en)
    check_printable("name_ar", row.name_ar)
    for barcode in row.barcodes or ():
        classify(barcode)


def _check_price(row: PriceDraft) -> None:
    if row.valid_until is not None and row.valid_until < row.valid_from:
        raise msgspec.ValidationError("valid_until is before valid_from")


def _read(rows: Sequence[Mapping[str, Any]], kind: type[T], check: Any) -> Reading[T]:
    good: dict[int, T] = {}
    errors: list[RowError] = []
    for index, raw in enumerate(rows):
        sku = raw.get("sku")
        shown = sku[:64] if isinstance(sku, str) else ""
        try:
            row = msgspec.convert(raw, kind)
            check(row)
        except msgspec.ValidationError as error:
            errors.append(_error(index, "invalid_row", str(error), shown))
        except OctoNextError as error:
            errors.append(_error(index, error.code, str(error), shown))
        else:
            good[index] = row
    return Reading(good, errors)


def _error(index: int, code: str, message: str, sku: str) -> RowError:
    return RowError(index=index, code=code, message=message, sku=sku)
