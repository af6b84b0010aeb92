"""Where a till's entry holds a payment card number: texts that people write, and codes that are none."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from octonext.base.cards import DIGITS_MIN, contains_card_number, fields_with_cards

from .entries import RECEIPTS, AnyEntry, CustomerSaved, Return, Sale, encode_entry

_CUSTOMER_TEXTS = ("name", "phone", "email", "vat_number", "note")


def find_card_number(entry: AnyEntry) -> str | None:
    """The first field of `entry` that holds one, such as "payments[0].reference"; never what it says."""
    if isinstance(entry, RECEIPTS) and _says_nothing(entry):
        return None
    for field, text in _texts(entry):
        if text is not None and len(text) >= DIGITS_MIN and contains_card_number(text):
            return field
    return None


def hides_card_number(data: bytes, entry: AnyEntry | None = None) -> bool:
    """Whether a text in the JSON of an entry holds one, such as in a field that this version does not know.

    What is read of such a field is nothing, but the bytes of an entry are kept as they are.
    """
    # Written as we write it, it holds what was decoded and no more: nearly all are, and encoding is fast.
    if entry is not None and encode_entry(entry) == data:
        return False
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return contains_card_number(data.decode("utf-8", "replace"))
    return next(fields_with_cards(document), None) is not None


def _says_nothing(receipt: Sale | Return) -> bool:
    """Whether a receipt is as nearly all are, without any text: they are most of what a shard books."""
    if receipt.note is not None or (isinstance(receipt, Return) and receipt.reason is not None):
        return False
    for payment in receipt.payments:
        if payment.reference is not None or len(payment.tender) >= DIGITS_MIN:
            return False
    for line in receipt.lines:
        if line.note is not None or line.discount_reason is not None or len(line.tax_code) >= DIGITS_MIN:
            return False
    return True


def _texts(entry: AnyEntry) -> Iterator[tuple[str, str | None]]:
    if isinstance(entry, RECEIPTS):
        yield from _receipt_texts(entry)
    elif isinstance(entry, CustomerSaved):
        for field in _CUSTOMER_TEXTS:
            yield field, getattr(entry, field)
    else:
        yield "reason", getattr(entry, "reason", None)
        yield "note", getattr(entry, "note", None)


def _receipt_texts(receipt: Sale | Return) -> Iterator[tuple[str, str | None]]:
    yield "note", receipt.note
    if isinstance(receipt, Return):
        yield "reason", receipt.reason
    for number, payment in enumerate(receipt.payments):
        if payment.reference is not None:
            yield f"payments[{number}].reference", payment.reference
        if len(payment.tender) >= DIGITS_MIN:
            yield f"payments[{number}].tender", payment.tender
    for number, line in enumerate(receipt.lines):
        if line.note is not None:
            yield f"lines[{number}].note", line.note
        if line.discount_reason is not None:
            yield f"lines[{number}].discount_reason", line.discount_reason
        if len(line.tax_code) >= DIGITS_MIN:
            yield f"lines[{number}].tax_code", line.tax_code
