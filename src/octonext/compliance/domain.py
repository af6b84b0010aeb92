"""Taxes of the Gulf states, as pure arithmetic on integers.

Amounts are minor units of the currency, rates parts per million. The e-invoice of each country is
for later packages; this is what a till and a shard must compute alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import msgspec

from octonext.base.errors import OctoNextError
from octonext.base.money import divide_half_up
from octonext.base.text import PRINTABLE_PATTERN

TaxClass = Literal["standard", "zero", "exempt", "none"]
TAX_CLASSES: tuple[TaxClass, ...] = get_args(TaxClass)

PPM = 1_000_000

#: The standard rate of each jurisdiction, in parts per million.
STANDARD_RATE_PPM: Mapping[str, int] = {
    # UAE: Federal Decree-Law No. 8 of 2017 on Value Added Tax, article 3; in force 1 January 2018.
    "AE": 50_000,
    # Bahrain: Decree-Law No. 48 of 2018 as amended by Decree-Law No. 33 of 2021; 1 January 2022.
    "BH": 100_000,
    # Kuwait: no VAT law is in force; the GCC framework agreement of 2016 has not been enacted.
    "KW": 0,
    # Oman: Royal Decree 121/2020 promulgating the Value Added Tax Law; in force 16 April 2021.
    "OM": 50_000,
    # Qatar: no VAT law is in force; the GCC framework agreement of 2016 has not been enacted.
    "QA": 0,
    # Saudi Arabia: VAT Law, Royal Decree M/113 of 1438 H, rate by Royal Order A/638 of 1441 H;
    # in force 1 July 2020.
    "SA": 150_000,
}

_LETTERS: Mapping[TaxClass, str] = {"standard": "S", "zero": "Z", "exempt": "E", "none": "O"}
"""UN/CEFACT 5305 duty categories: standard, zero rated, exempt, outside of scope."""


class UnknownJurisdiction(OctoNextError):
    """No tax rules are known for the country."""

    code = "unknown_reference"


@dataclass(frozen=True)
class TaxSplit:
    """One line's amounts; `gross == net + tax`, always."""

    net: int
    tax: int
    gross: int


def split_tax(amount: int, rate_ppm: int, *, inclusive: bool) -> TaxSplit:
    """Split a line's amount (minor units), or add tax to it, rounded half up once per line.

    With `inclusive` the amount holds the tax already: tax = amount x rate / (1 + rate). Negative
    amounts mirror positive ones, so a return takes back exactly what its sale charged.
    """
    if not 0 <= rate_ppm <= PPM:
        raise ValueError("a rate is between 0 and 1,000,000 ppm")
    if inclusive:
        tax = divide_half_up(amount * rate_ppm, PPM + rate_ppm)
        return TaxSplit(net=amount - tax, tax=tax, gross=amount)
    tax = divide_half_up(amount * rate_ppm, PPM)
    return TaxSplit(net=amount, tax=tax, gross=amount + tax)


def tax_code(jurisdiction: str, tax_class: TaxClass) -> str:
    """The code printed and reported, such as SA-S. Without any VAT, everything is outside of it.

    Raises UnknownJurisdiction.
    """
    if jurisdiction not in STANDARD_RATE_PPM:
        raise UnknownJurisdiction(f"No taxes are known for {jurisdiction!r}.")
    letter = _LETTERS[tax_class] if STANDARD_RATE_PPM[jurisdiction] else "O"
    return f"{jurisdiction}-{letter}"


def rate_ppm(jurisdiction: str, tax_class: TaxClass) -> int:
    """The rate by law of a class of goods. Raises UnknownJurisdiction."""
    if jurisdiction not in STANDARD_RATE_PPM:
        raise UnknownJurisdiction(f"No taxes are known for {jurisdiction!r}.")
    return STANDARD_RATE_PPM[jurisdiction] if tax_class == "standard" else 0


class TaxChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may change of a tax: a law moves its rate, not what class of goods it is for."""

    tax_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,8}(?!\n)$")]
    rate_ppm: Annotated[int, msgspec.Meta(ge=0, le=PPM, description="15 % is 150000.")]
    name_en: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE_PATTERN)]
    name_ar: Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE_PATTERN)] = ""


class Tax(TaxChange, kw_only=True):
    """A tax of one jurisdiction on one class of goods."""

    jurisdiction: str
    tax_class: TaxClass
