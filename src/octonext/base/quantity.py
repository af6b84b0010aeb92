"""Quantities as integer thousandths of a piece or of a kilogram."""

from __future__ import annotations

import re

from octonext.base.errors import OctoNextError
from octonext.base.money import divide_half_up

#: One piece, or one kilogram.
THOUSANDTHS = 1000

#: The largest quantity on one line: ten million pieces.
QUANTITY_MAX = 10_000_000 * THOUSANDTHS

_QUANTITY = re.compile(r"([+-]?)(\d{1,8})(?:\.(\d{1,3}))?")


class InvalidQuantity(OctoNextError):
    """The text is not a quantity."""

    code = "invalid_quantity"


def parse_quantity(text: str) -> int:
    """Return "1.5" as 1500 thousandths. Raises InvalidQuantity."""
    # Arabic keyboards type Arabic-Indic digits, which \d takes, and this decimal separator
    match = _QUANTITY.fullmatch(text.strip().replace("\u066b", "."))
    if match is None:
        raise InvalidQuantity(
            f"{text!r} is not a quantity.", remedy="Write it like 2 or 0.375, with three decimals at most."
        )
    quantity = int(match[2]) * THOUSANDTHS + int((match[3] or "").ljust(3, "0"))
    if quantity > QUANTITY_MAX:
        raise InvalidQuantity(f"{text!r} is more than one line can hold.")
    return -quantity if match[1] == "-" else quantity


def format_quantity(quantity: int) -> str:
    """Return 1500 as "1.5" and 2000 as "2"."""
    sign = "-" if quantity < 0 else ""
    whole, fraction = divmod(abs(quantity), THOUSANDTHS)
    return f"{sign}{whole}.{fraction:03d}".rstrip("0").rstrip(".") if fraction else f"{sign}{whole}"


def extend(unit_price: int, quantity: int) -> int:
    """Return unit price (minor units) times quantity (thousandths), in minor units, half up."""
    return divide_half_up(unit_price * quantity, THOUSANDTHS)
