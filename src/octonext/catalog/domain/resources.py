"""What the catalogue's API takes and gives, with the limits of each value."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from octonext.base.money import AMOUNT_MAX
from octonext.base.text import PRINTABLE_PATTERN, has_controls
from octonext.edge.errors import InvalidRequest

BATCH_ROWS_MAX = 1000
BARCODES_OF_PRODUCT_MAX = 50
PRODUCT_NAME_CHARACTERS_MAX = 400
SKU_CHARACTERS_MAX = 64

Unit = Literal["piece", "kg"]
# The classes that compliance gives rates to; a sibling package, so named again here.
TaxClass = Literal["standard", "zero", "exempt", "none"]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=SKU_CHARACTERS_MAX)]
ProductName = Annotated[str, msgspec.Meta(min_length=1, max_length=PRODUCT_NAME_CHARACTERS_MAX)]
OptionalProductName = Annotated[str, msgspec.Meta(max_length=PRODUCT_NAME_CHARACTERS_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE_PATTERN)]
OptionalName = Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE_PATTERN)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}(?!\n)$")]
Barcode = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX, description="Minor units of the currency.")]
Rows = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=BATCH_ROWS_MAX)]


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class ProductDraft(_Body, kw_only=True):
    """A product, found by its `sku`.

    What is left out keeps its value on an existing product, and is, on a new one: no Arabic name,
    by the piece, no category, the standard tax class, no barcodes, active. `barcodes` is the whole
    set: those not in it are taken away.
    """

    sku: Sku
    name_en: ProductName
    name_ar: OptionalProductName | None = None
    unit: Unit | None = None
    category_id: UUID | None = None
    tax_class: TaxClass | None = None
    barcodes: Annotated[list[Barcode], msgspec.Meta(max_length=BARCODES_OF_PRODUCT_MAX)] | None = None
    active: bool | None = None


class ProductChange(_Body, kw_only=True):
    """What may change of a product; what is left out stays."""

    name_en: ProductName | None = None
    name_ar: OptionalProductName | None = None
    unit: Unit | None = None
    category_id: UUID | None = None
    tax_class: TaxClass | None = None
    barcodes: Annotated[list[Barcode], msgspec.Meta(max_length=BARCODES_OF_PRODUCT_MAX)] | None = None
    active: bool | None = None


class Product(msgspec.Struct, kw_only=True):
    """A product with its barcodes."""

    product_id: UUID
    sku: str
    name_en: str
    name_ar: str
    unit: Unit
    category_id: UUID | None
    tax_class: TaxClass
    barcodes: list[str]
    active: bool


class ProductBatch(_Body, kw_only=True):
    """Up to 1,000 rows, each a ProductDraft. A bad row is reported; it does not stop the others."""

    rows: Rows


class RowError(msgspec.Struct, kw_only=True):
    """Why one row of a batch was not applied; `index` counts from 0."""

    index: int
    code: str
    message: str
    sku: str = ""


class BatchResult(msgspec.Struct, kw_only=True):
    """rows sent = applied + len(errors). `created` of the applied were new products."""

    applied: int
    created: int
    errors: list[RowError]


class BarcodeDraft(_Body, kw_only=True):
    """One more barcode of a product."""

    barcode: Barcode


class CategoryDraft(_Body, kw_only=True):
    """A category, perhaps below another."""

    code: Code
    name_en: Name
    name_ar: OptionalName = ""
    parent_id: UUID | None = None


class Category(CategoryDraft, kw_only=True):
    """A category with its id."""

    category_id: UUID


class CategoryChange(_Body, kw_only=True):
    """New names; what is left out stays."""

    name_en: Name | None = None
    name_ar: OptionalName | None = None


class PriceListDraft(_Body, kw_only=True):
    """Prices for a region, or for one branch of it. The list with the highest priority wins."""

    code: Code
    name: Name
    region_id: int
    branch_id: int | None = None
    currency: str
    tax_inclusive: bool
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class PriceList(PriceListDraft, kw_only=True):
    """A price list with its id."""

    price_list_id: UUID


class PriceListChange(_Body, kw_only=True):
    """What may change of a price list; what is left out stays."""

    name: Name | None = None
    tax_inclusive: bool | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class PriceDraft(_Body, kw_only=True):
    """A price of the product with this `sku`, from a day to a last day or until further notice."""

    sku: Sku
    amount: Amount
    valid_from: date
    valid_until: date | None = None


class PriceBatch(_Body, kw_only=True):
    """Up to 1,000 rows, each a PriceDraft.

    An open-ended price of the same product that began earlier ends the day before a new one begins.
    """

    rows: Rows


class Price(msgspec.Struct, kw_only=True):
    """A price: minor units of `currency`, from a day to a last day."""

    product_id: UUID
    sku: str
    amount: int
    currency: str
    valid_from: date
    valid_until: date | None = None


class CostDraft(_Body, kw_only=True):
    """What a product costs the chain in a region, per unit, in minor units of its currency."""

    sku: Sku
    cost: Amount


class CostBatch(_Body, kw_only=True):
    """Up to 1,000 rows, each a CostDraft."""

    region_id: int
    rows: Rows


class Cost(msgspec.Struct, kw_only=True):
    """A cost: minor units of `currency`, per unit of the product."""

    region_id: int
    product_id: UUID
    sku: str
    cost: int
    currency: str


def check_printable(field: str, text: str | None) -> None:
    """Raises InvalidRequest for text with control characters."""
    if text is not None and has_controls(text):
        raise InvalidRequest(
            f"{field} holds a control character.", remedy="Remove tabs, line breaks and the like."
        )
