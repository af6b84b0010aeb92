"""Money as integer minor units of one currency, with that currency's own exponent.

An amount is an `int` and travels beside its ISO 4217 code. There is no float in or near it:
0.1 + 0.2 is not 0.3 in binary, and a till that loses a fils a day loses an auditor's trust.
"""

from __future__ import annotations

import re

from octonext.base.errors import OctoNextError

#: Digits after the decimal point, ISO 4217:2015 (List One). The Gulf first, then what tests replay.
CURRENCIES: dict[str, int] = {
    "KWD": 3,
    "BHD": 3,
    "OMR": 3,
    "SAR": 2,
    "AED": 2,
    "QAR": 2,
    "GBP": 2,
    "EUR": 2,
    "USD": 2,
}

#: The largest amount that any single figure may hold: far above a chain's yearly turnover, and far
#: enough below 2**63 that a million of them still add up in a PostgreSQL bigint.
AMOUNT_MAX = 10**12

_AMOUNT = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d{1,6}))?")


class InvalidAmount(OctoNextError):
    """The text is not an amount of money in this currency."""

    code = "invalid_amount"


def exponent(currency: str) -> int:
    """Return how many decimal digits `currency` has.

    Raises InvalidAmount for a currency that is not in `CURRENCIES`.
    """
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise InvalidAmount(
            f"The currency {currency!r} is not known.",
            remedy=f"Use one of {', '.join(CURRENCIES)}.",
        ) from None


def parse_minor(text: str, currency: str) -> int:
    """Return "1.250" as 1250 for KWD. More decimals than the currency has are refused, not rounded.

    Raises InvalidAmount.
    """
    digits = exponent(currency)
    # Arabic keyboards type Arabic-Indic digits, which \d takes, and this decimal separator
    match = _AMOUNT.fullmatch(text.strip().replace("\u066b", "."))
    if match is None:
        raise InvalidAmount(
            f"{text!r} is not an amount of money.", remedy="Write it like 12.500, without separators."
        )
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction.rstrip("0")) > digits:
        raise InvalidAmount(
            f"{text!r} has more decimals than {currency} has.",
            remedy=f"{currency} has {digits} decimals.",
        )
    amount: int = int(whole) * 10**digits + int(fraction[:digits].ljust(digits, "0") or "0")
    if amount > AMOUNT_MAX:
        raise InvalidAmount(f"{text!r} is larger than any amount OctoNext books in one figure.")
    return -amount if sign == "-" else amount


def format_minor(amount: int, currency: str) -> str:
    """Return 1250 as "1.250" for KWD; the inverse of `parse_minor`."""
    digits = exponent(currency)
    sign = "-" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half away from zero, exactly, on integers.

    `denominator` must be positive. Half away from zero keeps a return the mirror of its sale.
    """
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    quotient, remainder = divmod(abs(numerator), denominator)
    if 2 * remainder >= denominator:
        quotient += 1
    return -quotient if numerator < 0 else quotient
