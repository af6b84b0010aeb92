"""Codes that say more than which goods they are on: weights and prices of scales, GS1 element strings.

Sources: GS1 General Specifications, chapter 3 (application identifiers), 5.2.1.4 (UPC-E), 7.8 (element
strings), 7.12 (centuries).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

from octonext.base.money import divide_half_up

from .barcodes import check_digit

#: FNC1 within the data, as scanners hand it over.
_SEPARATOR = "\x1d"
#: What a scanner sends before GS1-128, GS1 DataMatrix, GS1 QR and GS1 DataBar: ISO/IEC 15424.
_SYMBOLOGY = re.compile(r"\](?:C1|d2|Q3|e0)")
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)([^(]*)")
_CHARACTERS_MAX = 400
#: By the first two digits of an identifier: how many characters, itself included, end without a separator.
_PREDEFINED = {
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
    "00": 20,
    "01": 16,
    "02": 16,
    "03": 16,
    "04": 18,
    "20": 4,
    "41": 16,
}
#: How many digits an identifier has, figure 3.2-1: two unless it begins with these.
_FOUR_DIGITS = re.compile(r"3[1-6]|39|43|7|8")
_THREE_DIGITS = re.compile(r"2[3-5]|4")


@dataclass(frozen=True, slots=True)
class ScaleRule:
    """An EAN-13 that holds a weight or a price: prefix, item digits, value digits, check digit.

    `decimals` are those of the value: kilograms for a weight, the currency's unit for a price.
    """

    prefix: str
    item_digits: int
    holds: str
    value_digits: int
    decimals: int


@dataclass(frozen=True, slots=True)
class ScaleLabel:
    """The codes that the goods may have in the catalogue; thousandths of a kilogram, or minor units."""

    codes: list[str]
    weight: int | None
    price: int | None


@dataclass(frozen=True, slots=True)
class Elements:
    """What an element string says; dates are ISO dates, `price` is a value and its decimals."""

    gtin: str
    weight: int | None
    price: tuple[int, int] | None
    lot: str | None
    serial: str | None
    expiry: str | None
    best_before: str | None
    produced: str | None


def has_check_digit(digits: str) -> bool:
    """Whether the last of these digits is the check digit of those before it."""
    return re.fullmatch(r"[0-9]{2,}", digits) is not None and int(digits[-1]) == check_digit(digits[:-1])


def expand_upc_e(code: str) -> str | None:
    """The UPC-A that an 8-digit UPC-E stands for; None when it is none."""
    if re.fullmatch(r"[01][0-9]{7}", code) is None:
        return None
    six, last = code[1:7], int(code[6])
    if last <= 2:
        body = f"{six[:2]}{last}0000{six[2:5]}"
    elif last == 3:
        body = f"{six[:3]}00000{six[3:5]}"
    elif last == 4:
        body = f"{six[:4]}00000{six[4]}"
    else:
        body = f"{six[:5]}0000{last}"
    whole = code[0] + body + code[7]
    return whole if has_check_digit(whole) else None


def read_scale_label(code: str, rule: ScaleRule, exponent: int) -> ScaleLabel | None:
    """The label of an EAN-13, or None when the rule does not fit it; `exponent` is the currency's."""
    if re.fullmatch(r"[0-9]{13}", code) is None or not has_check_digit(code):
        return None
    fits = len(rule.prefix) + rule.item_digits + rule.value_digits == 12 and code.startswith(rule.prefix)
    if not fits or rule.item_digits < 1 or rule.value_digits < 1:
        return None
    item = code[len(rule.prefix) :][: rule.item_digits]
    value = int(code[12 - rule.value_digits : 12])
    blank = f"{rule.prefix}{item}" + "0" * rule.value_digits
    # As labels are registered: with nothing for the value, or by the scale's own number.
    codes = [f"{blank}{check_digit(blank)}", f"{rule.prefix}{item}", item, item.lstrip("0") or "0"]
    unique = list(dict.fromkeys(codes))
    if rule.holds == "weight":
        return ScaleLabel(unique, _scaled(value, rule.decimals, 3), None)
    return ScaleLabel(unique, None, _scaled(value, rule.decimals, exponent))


def parse_elements(text: str, year: int) -> Elements | None:
    """What an element string says: with a symbology prefix, with FNC1 as ASCII 29, or with parentheses.

    None for a text that is none, or names no goods. `year` decides the century of its dates.
    """
    if len(text) > _CHARACTERS_MAX:
        return None
    found = _bracketed(text) if text.startswith("(") else _chained(text)
    gtin = (found or {}).get("01", "")
    if found is None or re.fullmatch(r"[0-9]{14}", gtin) is None or not has_check_digit(gtin):
        return None
    return Elements(
        gtin=gtin,
        weight=_weight(found),
        price=_price(found),
        lot=_text(found.get("10")),
        serial=_text(found.get("21")),
        expiry=_date(found.get("17", ""), year),
        best_before=_date(found.get("15", ""), year),
        produced=_date(found.get("11", ""), year),
    )


def _bracketed(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _BRACKETED.match(text, place)
        if match is None or match[2] == "" or match[1] in found:
            return None
        found[match[1]] = match[2].strip()
        place = match.end()
    return found


def _chained(text: str) -> dict[str, str] | None:
    rest = _SYMBOLOGY.sub("", text, count=1) if _SYMBOLOGY.match(text) else text
    # Without a mark it is taken for one only where it begins like one.
    if rest == text and not text.startswith(_SEPARATOR) and re.match(r"01[0-9]{14}", rest) is None:
        return None
    found: dict[str, str] = {}
    while rest:
        if rest.startswith(_SEPARATOR):
            rest = rest[1:]
            continue
        if re.match(r"[0-9]{2}", rest) is None:
            return None
        end = _PREDEFINED.get(rest[:2]) or (rest + _SEPARATOR).index(_SEPARATOR)
        element, rest = rest[:end], rest[end:]
        length = 4 if _FOUR_DIGITS.match(element) else 3 if _THREE_DIGITS.match(element) else 2
        identifier, value = element[:length], element[length:]
        if len(element) < end or _SEPARATOR in element or not value or identifier in found:
            return None
        found[identifier] = value
    return found


def _weight(found: dict[str, str]) -> int | None:
    for decimals in range(6):
        value = found.get(f"310{decimals}", "")
        if re.fullmatch(r"[0-9]{6}", value):
            return _scaled(int(value), decimals, 3)
    return None


def _price(found: dict[str, str]) -> tuple[int, int] | None:
    for decimals in range(10):
        value = found.get(f"392{decimals}", "")
        if re.fullmatch(r"[0-9]{1,15}", value):
            return int(value), decimals
    return None


def _text(value: str | None) -> str | None:
    return value if value and len(value) <= 20 else None


def _date(value: str, year: int) -> str | None:
    """YYMMDD; day 00 is the last of the month, and the century is the nearest."""
    if re.fullmatch(r"[0-9]{6}", value) is None:
        return None
    short, month, day = int(value[:2]), int(value[2:4]), int(value[4:])
    ahead = short - year % 100
    full = (year // 100 - (ahead >= 51) + (ahead <= -50)) * 100 + short
    if not 1 <= month <= 12:
        return None
    days = calendar.monthrange(full, month)[1]
    return f"{full:04d}-{month:02d}-{day or days:02d}" if day <= days else None


def _scaled(value: int, decimals: int, digits: int) -> int:
    """A value with so many decimals in units of 10 ** -digits, half up."""
    if decimals <= digits:
        return value * int(10 ** (digits - decimals))
    return divide_half_up(value, int(10 ** (decimals - digits)))
