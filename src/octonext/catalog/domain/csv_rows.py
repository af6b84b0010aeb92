"""Reading products from a CSV file: which column is what, and what a row becomes. Pure.

What a product may be is judged where products are kept; here is judged only what no single row shows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octonext.base.cards import OTHER_NUMBERS, contains_card_number
from octonext.base.text import without_controls
from octonext.edge.errors import InvalidRequest

from .barcodes import trade_item

FIELDS = ("sku", "barcode", "name_en", "name_ar", "unit", "category_id", "tax_class")

#: Headings that need no mapping, in the order in which they are looked for.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "item", "item_code"),
    "barcode": ("barcode", "ean", "ean13", "gtin", "upc"),
    "name_en": ("name_en", "product_name", "name", "description"),
    "name_ar": ("name_ar",),
    "unit": ("unit",),
    "category_id": ("category_id",),
    "tax_class": ("tax_class",),
}


@dataclass(frozen=True)
class RowRead:
    """What a row became: `product` for the API, or `refusal` (code, message). `note` tells of a repair."""

    product: dict[str, Any] | None = None
    refusal: tuple[str, str] | None = None
    note: str = ""


def parse_mapping(text: str) -> dict[str, str]:
    """`ean=barcode,Artikel=name_en` as field -> heading. Raises InvalidRequest."""
    mapping: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        heading, separator, name = (piece.strip() for piece in part.partition("="))
        if not separator or name not in FIELDS or not heading:
            raise InvalidRequest(
                f"{part!r} does not map a column.",
                remedy=f"Write heading=field, with a field of {', '.join(FIELDS)}.",
            )
        mapping[name] = heading
    return mapping


def resolve_columns(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """The place of each field that the file has: as mapped, else by its usual heading.

    Raises InvalidRequest when a mapped heading is missing, or the file has no name or no identity.
    """
    places = {heading.strip().lower(): place for place, heading in reversed(list(enumerate(header)))}
    columns: dict[str, int] = {}
    for name, heading in mapping.items():
        if heading.lower() not in places:
            raise InvalidRequest(f"The file has no column {heading!r}.", remedy=_shown(header))
        columns[name] = places[heading.lower()]
    taken = set(columns.values())
    for name, usual in HEADINGS.items():
        found = [places[heading] for heading in usual if heading in places]
        free = [place for place in found if place not in taken]
        if name not in columns and free:
            columns[name] = free[0]
            taken.add(free[0])
    if "name_en" not in columns or not columns.keys() & {"sku", "barcode"}:
        raise InvalidRequest(
            "The file needs a column for the name and one for the sku or the barcode.",
            remedy=f"{_shown(header)} Map them with --columns heading=field.",
        )
    return columns


@dataclass
class RowReader:
    """Turns rows into products, in file order; remembers them to find what stands twice."""

    columns: Mapping[str, int]
    width: int
    _skus: set[str] = field(default_factory=set)
    _items: set[str] = field(default_factory=set)

    def read(self, cells: Sequence[str]) -> RowRead:
        """Judge one row. A row without a sku takes its barcode as one."""
        if len(cells) != self.width:
            return RowRead(
                refusal=("wrong_shape", f"The row has {len(cells)} cells, the header {self.width}.")
            )
        if any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell):
            return RowRead(refusal=("not_utf8", "The row is not UTF-8 text."))
        raw = {name: cells[place] for name, place in self.columns.items()}
        values = {name: without_controls(cell) for name, cell in raw.items()}
        for name, value in values.items():
            if name not in OTHER_NUMBERS and contains_card_number(value):
                message = f"The column {name} holds what looks like a payment card number."
                return RowRead(refusal=("card_number", message))
        barcode = values.get("barcode", "")
        sku = values.get("sku", "") or barcode
        if not sku:
            return RowRead(refusal=("no_identity", "The row has neither a sku nor a barcode."))
        if sku in self._skus:
            return RowRead(refusal=("duplicate_sku", f"The sku {sku} is in an earlier line."))
        if barcode and trade_item(barcode) in self._items:
            return RowRead(refusal=("duplicate_barcode", f"The barcode {barcode} is in an earlier line."))
        self._skus.add(sku)
        if barcode:
            self._items.add(trade_item(barcode))
        repaired = [name for name, value in values.items() if value != raw[name].strip()]
        note = f"Control characters were taken out of {', '.join(repaired)}." if repaired else ""
        return RowRead(product=_product(sku, barcode, values), note=note)


def _product(sku: str, barcode: str, values: Mapping[str, str]) -> dict[str, Any]:
    product: dict[str, Any] = {"sku": sku, "name_en": values["name_en"]}
    if barcode:
        product["barcodes"] = [barcode]
    if "name_ar" not in values and _is_arabic(values["name_en"]):
        # A till that shows Arabic should not fall back to an empty name.
        product["name_ar"] = values["name_en"]
    for name in ("name_ar", "unit", "category_id", "tax_class"):
        if values.get(name):
            product[name] = values[name]
    return product


def _is_arabic(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    arabic = sum(unicodedata.name(letter, "").startswith("ARABIC") for letter in letters)
    return bool(letters) and 2 * arabic > len(letters)


def _shown(header: Sequence[str]) -> str:
    return f"Its columns are {', '.join(heading.strip()[:40] for heading in header[:20])}."
