"""GS1 trade item numbers, and the codes shops make up themselves.

Source of the check digit: GS1 General Specifications, section 7.9, "Check digit calculations".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from octonext.base.errors import OctoNextError

BarcodeKind = Literal["ean13", "ean8", "upca", "gtin14", "internal"]

#: Codes of these many digits are trade item numbers. An 8-digit code is read as EAN-8, never as
#: UPC-E: a scanner that reads UPC-E is set up to hand over the UPC-A it stands for.
GTIN_KINDS: Mapping[int, BarcodeKind] = {8: "ean8", 12: "upca", 13: "ean13", 14: "gtin14"}
BARCODE_CHARACTERS_MAX = 32

_INTERNAL = re.compile(rf"[A-Za-z0-9._/-]{{1,{BARCODE_CHARACTERS_MAX}}}")


class InvalidBarcode(OctoNextError):
    """The text is not a barcode: its check digit is wrong, or it holds what no code may hold."""

    code = "invalid_barcode"


def check_digit(digits: str) -> int:
    """The check digit that belongs behind `digits` (a trade item number without its last digit)."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a check digit is of digits")
    # From the right, weights are 3, 1, 3, 1, ...
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1]))
    return -total % 10


def classify(code: str) -> BarcodeKind:
    """What kind of code this is. Raises InvalidBarcode.

    Digits in a length of GTIN_KINDS must carry the right check digit; anything else that is short
    and plain is a code of the shop's own.
    """
    if not _INTERNAL.fullmatch(code):
        raise InvalidBarcode(
            f"{code[:40]!r} is not a barcode.",
            remedy=f"Use up to {BARCODE_CHARACTERS_MAX} letters, digits or . _ / -",
        )
    kind = GTIN_KINDS.get(len(code)) if code.isdigit() else None
    if kind is None:
        return "internal"
    expected = check_digit(code[:-1])
    if int(code[-1]) != expected:
        raise InvalidBarcode(
            f"{code} has check digit {code[-1]}, it must be {expected}.",
            remedy="Scan it again, or correct the mistyped digit.",
        )
    return kind


def trade_item(code: str) -> str:
    """The identity behind a code: the 14-digit form of a trade item number, else the code itself.

    A UPC-A and the EAN-13 that is it with a zero in front name the same goods.
    """
    is_gtin = code.isascii() and code.isdigit() and len(code) in GTIN_KINDS
    return code.zfill(14) if is_gtin else code
