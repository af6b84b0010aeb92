"""A grocer's catalogue out of word lists: seeded, so that the same seed gives the same shop anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from octonext.base.money import divide_half_up
from octonext.catalog.domain.barcodes import check_digit

from .words import SHELVES, Good, Shelf

PRODUCTS_DEFAULT = 400

#: First digit of GS1 prefixes 20-29, "restricted circulation within a company": such a number can
#: never be a real company's product (GS1 General Specifications, section 1.4.2).
IN_STORE_PREFIX = "2"
SECOND_BARCODE_SHARE = 0.05
"""So many goods also carry an older label."""

#: Halalas for a fils, times 1,000: a dinar is about 12.2 riyals, and shelf prices hold 15 % VAT.
_HALALAS_PER_FILS_MILLI = 1_220
_VAT_PERCENT = 115


@dataclass(frozen=True)
class SampleProduct:
    """A product with its prices: `price_kwd` in fils without VAT (Kuwait has none), `price_sar` in
    halalas with 15 % VAT in it; costs without VAT, each in its own money.
    """

    sku: str
    name_en: str
    name_ar: str
    unit: str
    shelf: str
    barcodes: tuple[str, ...]
    price_kwd: int
    price_sar: int
    cost_kwd: int
    cost_sar: int


def sample_products(seed: int = 2026, count: int = PRODUCTS_DEFAULT) -> list[SampleProduct]:
    """`count` products spread over every shelf. Raises ValueError when the words do not give so many."""
    random = Random(seed)  # noqa: S311 -- sample data, repeatable on purpose
    offers = [
        (shelf, good, kind) for shelf in SHELVES for good in shelf.goods for kind in range(len(shelf.kinds))
    ]
    if count > len(offers):
        raise ValueError(f"the word lists give {len(offers)} products")
    chosen = sorted(random.sample(range(len(offers)), count))
    return [_product(random, number, *offers[place]) for number, place in enumerate(chosen, start=1)]


def in_store_barcode(number: int) -> str:
    """A valid EAN-13 of the restricted range; `number` below 10**11."""
    digits = f"{IN_STORE_PREFIX}{number:011d}"
    if len(digits) != 12:
        raise ValueError("an in-store number has at most 11 digits")
    return f"{digits}{check_digit(digits)}"


def _product(random: Random, number: int, shelf: Shelf, good: Good, kind: int) -> SampleProduct:
    kind_en, kind_ar = shelf.kinds[kind]
    # Kinds differ in price by up to a fifth; shelf prices end in 0 or 5.
    fils = _to_step(good.price_fils * random.randint(90, 120), 100, 5)
    halalas = _to_step(fils * _HALALAS_PER_FILS_MILLI * _VAT_PERCENT, 100_000, 5)
    cost_percent = random.randint(62, 84)
    barcodes = [in_store_barcode(number)]
    if random.random() < SECOND_BARCODE_SHARE:
        barcodes.append(in_store_barcode(50_000 + number))
    return SampleProduct(
        sku=f"{shelf.code}-{number:04d}",
        name_en=" ".join(filter(None, (good.en, kind_en, good.size_en))),
        name_ar=" ".join(filter(None, (good.ar, kind_ar, good.size_ar))),
        unit=good.unit,
        shelf=shelf.code,
        barcodes=tuple(barcodes),
        price_kwd=fils,
        price_sar=halalas,
        cost_kwd=divide_half_up(fils * cost_percent, 100),
        cost_sar=divide_half_up(halalas * cost_percent, _VAT_PERCENT),
    )


def _to_step(numerator: int, denominator: int, step: int) -> int:
    return max(step, divide_half_up(numerator, denominator * step) * step)
