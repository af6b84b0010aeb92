"""Payment card numbers in text: found, so that they can be refused, and masked where they must be shown.

A card number is 13 to 19 digits that begin as an issuer's do (ISO/IEC 7812), end in their Luhn digit, and
stand alone or in groups. Digits of any script count: Arabic-Indic ones are what a cashier here may type.
What a barcode reader gives is none: EAN-13 has a check digit of its own, which almost no card satisfies.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

DIGITS_MIN = 13
DIGITS_MAX = 19
UUID_LENGTH = 36
GROUP_MIN = 3
"""Shorter groups belong to dates, amounts and numbered lists, unless all are of one length."""
SHOWN_LAST = 4
"""PCI DSS 4.0.1, 3.4.1 allows the first six as well; nobody here needs them."""
MASK = "*"

OTHER_NUMBERS = {
    "barcode": "what a scanner reads; one number in thirty of sixteen digits looks like a card",
    "barcodes": "as barcode",
    "sku": "a supplier's article number may have as many digits as a card, and is often the barcode",
    "vat_number": "a Saudi one has fifteen digits and begins with 3, as some cards' do",
    "password": "a secret: it is hashed, and never shown or logged",
    "pin": "as password",
}
"""Fields by name, and why a number in them is no card's. Everything else that is text is looked at."""

#: By the digits it begins with: how many an issuer's number has. Longest beginning first.
_ISSUERS: tuple[tuple[range, frozenset[int]], ...] = tuple(
    (range(first, last + 1), frozenset(lengths))
    for first, last, lengths in (
        (4, 4, (13, 16, 19)),  # Visa
        (51, 55, (16,)),  # Mastercard
        (2221, 2720, (16,)),
        (34, 34, (15,)),  # American Express
        (37, 37, (15,)),
        (300, 305, (14, 16)),  # Diners Club
        (3095, 3095, (14, 16)),
        (36, 36, range(14, 20)),
        (38, 39, range(14, 20)),
        (3528, 3589, range(16, 20)),  # JCB
        (6011, 6011, range(16, 20)),  # Discover
        (644, 649, range(16, 20)),
        (65, 65, range(16, 20)),
        (62, 62, range(16, 20)),  # UnionPay
        (81, 82, range(16, 20)),  # RuPay, UnionPay
        (60, 60, (16,)),
        (508, 508, (16,)),
        (2200, 2204, range(16, 20)),  # Mir
        (5018, 5018, range(13, 20)),  # Maestro
        (5020, 5020, range(13, 20)),
        (5038, 5038, range(13, 20)),
        (5893, 5893, range(13, 20)),
        (6304, 6304, range(13, 20)),
        (6759, 6763, range(13, 20)),
        (5888, 5888, (16,)),  # mada
        (6361, 6361, (16,)),
        (9682, 9682, (16,)),
        (9792, 9792, (16,)),  # Troy
        (5061, 5061, (16, 18, 19)),  # Verve
    )
)

#: Direction marks, joiners and the like, which print nothing: usual between Arabic words and numbers.
_INVISIBLE = r"\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_SEPARATOR = rf"[ \t\u00a0\u2007\u2009\u202f.\-\u2010-\u2014\u2212{_INVISIBLE}]"
# Not inside a word: a hash or an order number with letters is no card number.
_RUN = re.compile(rf"(?<!\w)\d(?:{_SEPARATOR}{{0,5}}\d){{{DIGITS_MIN - 1},}}(?!\w)")
_GROUP = re.compile(r"\d+")
# ISO 13616: country and check digits, then groups of four and a shorter one, as banks print it.
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?!\w)")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def contains_card_number(text: str) -> bool:
    """Whether some part of `text` has the shape of a card number."""
    # Most long texts that are looked at are ids, and a search is ten times the price of this.
    if len(text) == UUID_LENGTH and _UUID.fullmatch(text):
        return False
    return len(text) >= DIGITS_MIN and next(find_card_numbers(text), None) is not None


def mask_card_numbers(text: str) -> str:
    """`text` with every card number masked but for its last four digits; everything else as it was."""
    spans = list(find_card_numbers(text)) if len(text) >= DIGITS_MIN else []
    if not spans:
        return text
    letters = list(text)
    for start, end in spans:
        places = [place for place in range(start, end) if letters[place].isdecimal()]
        for place in places[:-SHOWN_LAST]:
            letters[place] = MASK
    return "".join(letters)


def find_card_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand in `text`, as (start, end); none overlaps another."""
    for run in _RUN.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            last = _card_from(text, groups, first)
            if last is None:
                first += 1
                continue
            span = groups[first][0], groups[last][1]
            if not _is_in_uuid(text, span) and not _is_in_iban(text, span):
                yield span
            first = last + 1


def fields_with_cards(document: Any) -> Iterator[str]:
    """Which texts of a decoded JSON document hold one, by path ("lines[0].note"); never what they say.

    Numbers are not looked at: a field that is one has a meaning of its own.
    """
    # A list instead of recursion: a document may be nested as deeply as its decoder allows.
    waiting = [(document, "")]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, str):
            if contains_card_number(value):
                yield path or "the text itself"
        elif isinstance(value, dict):
            for name, inner in value.items():
                if contains_card_number(name):
                    yield f"a name in {path or 'the document'}"
                elif name not in OTHER_NUMBERS:
                    waiting.append((inner, f"{path}.{name}" if path else name))
        elif isinstance(value, list):
            waiting.extend((inner, f"{path}[{place}]") for place, inner in enumerate(value))


def is_card_number(digits: str) -> bool:
    """Whether exactly these ASCII digits are shaped like a card number."""
    return _is_issued(digits) and _passes_luhn(digits)


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with group `first`."""
    digits, found = "", None
    for last in range(first, len(groups)):
        start, end = groups[last]
        digits += "".join(str(unicodedata.decimal(each)) for each in text[start : min(end, start + 20)])
        if len(digits) > DIGITS_MAX:
            break
        lengths = [end - start for start, end in groups[first : last + 1]]
        if len(digits) < DIGITS_MIN or not _is_grouped_like_one(lengths) or not is_card_number(digits):
            continue
        if len(lengths) == 1 and len(digits) == DIGITS_MIN and _is_ean_13(digits):
            continue
        found = last
    return found


def _is_grouped_like_one(lengths: list[int]) -> bool:
    return min(lengths) >= GROUP_MIN or (len(set(lengths[:-1])) == 1 and lengths[-1] <= lengths[0])


def _is_issued(digits: str) -> bool:
    length = len(digits)
    return any(
        length in lengths and int(digits[: len(str(beginnings.start))]) in beginnings
        for beginnings, lengths in _ISSUERS
    )


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_ean_13(digits: str) -> bool:
    """GS1 General Specifications, 7.9."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def _is_in_uuid(text: str, span: tuple[int, int]) -> bool:
    return any(
        found.start() <= span[0] and span[1] <= found.end()
        for found in _UUID.finditer(text, max(0, span[0] - 36), span[1] + 36)
    )


def _is_in_iban(text: str, span: tuple[int, int]) -> bool:
    """ISO 13616-1: its letters count from 10, and the whole is 1 modulo 97."""
    for found in _IBAN.finditer(text, max(0, span[0] - 42), span[1] + 42):
        if found.start() <= span[0] and span[1] <= found.end():
            plain = found[0].replace(" ", "")
            if int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1:
                return True
    return False
