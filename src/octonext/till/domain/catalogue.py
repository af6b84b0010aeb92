"""What a till knows of the catalogue: products, today's price, the tax, and who may sign in.

Built from the rows of the reference feed, whole or only those a sale needs. Which price counts is
decided as `docs/sync-protocol.md`, section 5, says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from octonext.till.errors import NotSellable


class Row(NamedTuple):
    """One row of the reference feed; `value` is JSON, or None when the key is gone."""

    kind: str
    key: str
    value: bytes | None


class Branch(Struct, frozen=True):
    """A branch, as printed on its receipts."""

    branch_id: int
    code: str
    name_en: str
    name_ar: str
    region_id: int
    currency: str
    time_zone: str
    jurisdiction: str


class Product(Struct, frozen=True):
    """A product; `barcodes` are what a scanner reads."""

    product_id: UUID
    sku: str
    name_en: str
    name_ar: str
    unit: str
    tax_class: str
    barcodes: list[str] = []
    active: bool = True


class PriceList(Struct, frozen=True):
    """A price list of a region, or of one branch."""

    price_list_id: UUID
    region_id: int | None
    branch_id: int | None
    currency: str
    tax_inclusive: bool
    priority: int


class Price(Struct, frozen=True):
    """The price of a product on a list, minor units, from one day until another (inclusive)."""

    price_list_id: UUID
    product_id: UUID
    amount: int
    valid_from: date
    valid_until: date | None = None


class Tax(Struct, frozen=True):
    """The tax of a class of goods in a jurisdiction; rate in parts per million."""

    jurisdiction: str
    tax_class: str
    tax_code: str
    rate_ppm: int
    name_en: str = ""
    name_ar: str = ""


class Cashier(Struct, frozen=True):
    """Somebody who may sign in; `pin_hash` is Argon2id in PHC form."""

    user_id: UUID
    code: str
    name_en: str
    name_ar: str
    role: str
    pin_hash: str
    branch_ids: list[int] = []
    active: bool = True

    def may_sign_in(self, branch_id: int) -> bool:
        """Whether this person works at the branch; without a list of branches, in the whole region."""
        return self.active and (not self.branch_ids or branch_id in self.branch_ids)


class TillSettings(Struct, frozen=True):
    """What head office set for the tills of a region or a branch, as far as this till obeys it."""

    #: Minor units; None does not round, and what is not set leaves it to the region.
    cash_rounding: int | msgspec.UnsetType | None = msgspec.UNSET


class Tag(NamedTuple):
    """What the customer sees on the shelf: a price, and whether tax is in it."""

    amount: int
    tax_inclusive: bool


_KINDS: dict[str, type[Struct]] = {
    "branch": Branch,
    "product": Product,
    "price_list": PriceList,
    "price": Price,
    "tax": Tax,
    "cashier": Cashier,
    "till_settings": TillSettings,
}
_decoders = {kind: msgspec.json.Decoder(type_) for kind, type_ in _KINDS.items()}


def parse(row: Row) -> Struct | None:
    """The row's value; None for a deleted row and for kinds a till has no use for.

    Raises `msgspec.DecodeError` for a value of the wrong shape.
    """
    decoder = _decoders.get(row.kind)
    return None if decoder is None or row.value is None else decoder.decode(row.value)


def is_readable(row: Row) -> bool:
    """Whether the row is of the shape that this till knows."""
    try:
        parse(row)
        (row.value or b"").decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


class Catalogue:
    """The reference rows of one branch, looked up the way a sale asks for them."""

    def __init__(self, branch_id: int, rows: Iterable[Row] = ()) -> None:
        self.branch_id = branch_id
        self._by_key: dict[tuple[str, str], Struct] = {}
        self._by_code: dict[str, Product] = {}
        self._prices: dict[UUID, dict[str, Price]] = {}
        for row in rows:
            self.apply(row)

    def apply(self, row: Row) -> None:
        """Put the newest version of a row in place of the one before it."""
        place = (row.kind, row.key)
        self._forget(row.key, self._by_key.pop(place, None))
        value = parse(row)
        if value is None:
            return
        self._by_key[place] = value
        if isinstance(value, Product):
            for code in (value.sku, *value.barcodes):
                self._by_code[code] = value
        elif isinstance(value, Price):
            self._prices.setdefault(value.product_id, {})[row.key] = value

    @property
    def branch(self) -> Branch | None:
        """The till's own branch, once its row has arrived."""
        value = self._by_key.get(("branch", str(self.branch_id)))
        return value if isinstance(value, Branch) else None

    @property
    def products(self) -> list[Product]:
        """Every product that is for sale."""
        return [value for value in self._by_key.values() if isinstance(value, Product) and value.active]

    @property
    def cashiers(self) -> list[Cashier]:
        """Everybody who may sign in at this branch."""
        found = (value for value in self._by_key.values() if isinstance(value, Cashier))
        return [cashier for cashier in found if cashier.may_sign_in(self.branch_id)]

    @property
    def cash_rounding(self) -> int | None:
        """What is paid in cash becomes multiples of so many minor units; None does not round."""
        branch = self.branch
        scopes = [f"branch:{self.branch_id}", *([f"region:{branch.region_id}"] if branch else [])]
        for scope in scopes:
            settings = self._by_key.get(("till_settings", scope))
            if isinstance(settings, TillSettings) and settings.cash_rounding is not msgspec.UNSET:
                return settings.cash_rounding
        return None

    def product(self, code: str) -> Product:
        """The product with this barcode or SKU. Raises `NotSellable`."""
        product = self._by_code.get(code)
        if product is None:
            raise NotSellable(
                f"No product has the barcode {code}.",
                remedy="Check the digits; if the product is new, run `octonext till sync` first.",
            )
        if not product.active:
            raise NotSellable(f"{product.name_en} ({code}) is no longer sold.")
        return product

    def product_by_id(self, product_id: UUID) -> Product | None:
        """The product with this id, also one that is no longer sold."""
        value = self._by_key.get(("product", str(product_id)))
        return value if isinstance(value, Product) else None

    def price(self, product: Product, today: date) -> Tag:
        """What one piece or kilogram costs here today. Raises `NotSellable` when nothing says so.

        The list with the highest priority that prices the product today; at the same priority the
        branch's own list before its region's; then the price that began last; then the smaller id of a
        list, as head office decides it, so that every till decides alike.
        """
        best: tuple[tuple[int, bool, date, int], Tag] | None = None
        for price in self._prices.get(product.product_id, {}).values():
            price_list = self._by_key.get(("price_list", str(price.price_list_id)))
            if not isinstance(price_list, PriceList) or not self._is_ours(price_list):
                continue
            if price.valid_from > today or (price.valid_until is not None and price.valid_until < today):
                continue
            is_own = price_list.branch_id is not None
            rank = (price_list.priority, is_own, price.valid_from, -price_list.price_list_id.int)
            if best is None or rank > best[0]:
                best = (rank, Tag(price.amount, price_list.tax_inclusive))
        if best is None:
            raise NotSellable(f"{product.name_en} ({product.sku}) has no price at this branch today.")
        return best[1]

    def tax(self, product: Product, jurisdiction: str) -> Tax:
        """The tax of a product's class. Raises `NotSellable` when the jurisdiction has no such rule."""
        value = self._by_key.get(("tax", f"{jurisdiction}:{product.tax_class}"))
        if not isinstance(value, Tax):
            raise NotSellable(
                f"{product.name_en} has the tax class {product.tax_class!r}, "
                f"for which this till has no rule in {jurisdiction}."
            )
        return value

    def _is_ours(self, price_list: PriceList) -> bool:
        if price_list.branch_id is not None:
            return price_list.branch_id == self.branch_id
        # Until the branch's row has arrived: a till is only ever sent its own region's lists.
        branch = self.branch
        return branch is None or price_list.region_id in (None, branch.region_id)

    def _forget(self, key: str, value: Struct | None) -> None:
        if isinstance(value, Product):
            for code in (value.sku, *value.barcodes):
                if self._by_code.get(code) is value:
                    del self._by_code[code]
        elif isinstance(value, Price):
            del self._prices[value.product_id][key]
