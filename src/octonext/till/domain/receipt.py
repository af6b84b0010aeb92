"""Receipts as text, 42 columns, in English with the Arabic names where they are known."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from octonext.base.money import format_minor
from octonext.base.quantity import THOUSANDTHS, format_quantity
from octonext.sales.entries import (
    AnyEntry,
    CashierSignedIn,
    CashMoved,
    CustomerSaved,
    Line,
    ReceiptReprinted,
    Return,
    Sale,
    ShiftClosed,
    ShiftOpened,
    StockAdjusted,
    StockCounted,
)

from .catalogue import Product

WIDTH = 42
_RULE = "-" * WIDTH
#: Enough of a customer's id to find the one that it is.
_CUSTOMER_DIGITS = 8
_TITLES = {
    "sale": "RECEIPT / إيصال",
    "return": "RETURN / إرجاع",
    "shift_opened": "SHIFT OPENED / فتح الوردية",
    "shift_closed": "SHIFT CLOSED / إغلاق الوردية",
    "cash_moved": "CASH MOVED / حركة نقدية",
    "stock_counted": "STOCK COUNT / جرد",
    "stock_adjusted": "STOCK ADJUSTED / تسوية مخزون",
    "void": "VOID / إلغاء",
    "price_overridden": "PRICE CHANGED / تعديل سعر",
    "drawer_opened": "DRAWER OPENED / فتح الدرج",
    "customer_saved": "CUSTOMER SAVED / حفظ عميل",
    "receipt_reprinted": "COPY PRINTED / طباعة نسخة",
    "cashier_signed_in": "CASHIER SIGNED IN / دخول كاشير",
}

ProductNames = Callable[[UUID], Product | None]


def render(
    entry: AnyEntry,
    *,
    number: str,
    reference: str,
    hash_hex: str,
    shop: str,
    currency: str,
    product: ProductNames,
) -> str:
    """The receipt of an entry that is in the journal.

    `number` is branch-device-seq in codes, `reference` the same in numbers (what a return at another
    till asks for), `hash_hex` the entry's hash, of which the first 8 digits are printed.
    """
    kind = str(entry.__struct_config__.tag)
    title = _TITLES.get(kind, kind)
    lines = [shop.center(WIDTH).rstrip(), title.center(WIDTH).rstrip(), _RULE]
    lines += _body(entry, currency, product)
    lines += [
        _RULE,
        f"{entry.at:%Y-%m-%d %H:%M:%S %z}",
        _two(f"No. {number}", hash_hex[:8]),
        f"Ref. {reference}",
    ]
    return "\n".join(lines)


def _body(entry: AnyEntry, currency: str, product: ProductNames) -> list[str]:
    def money(amount: int) -> str:
        return format_minor(amount, currency)

    match entry:
        case Sale() | Return():
            return _receipt_body(entry, currency, product)
        case ShiftOpened():
            return [_two("Float / العهدة", f"{money(entry.opening_float)} {currency}")]
        case ShiftClosed():
            return [
                _two("Expected / المتوقع", money(entry.expected)),
                _two("Counted / المعدود", money(entry.counted)),
                _two("Difference / الفرق", f"{money(entry.counted - entry.expected)} {currency}"),
            ]
        case CashMoved():
            return [_two(entry.reason or "Cash", f"{money(entry.amount)} {currency}")]
        case CustomerSaved():
            known = (entry.name, entry.phone, entry.email, entry.vat_number, entry.note)
            return [text[:WIDTH] for text in known if text]
        case ReceiptReprinted():
            return [f"Of {entry.receipt.branch}-{entry.receipt.device}-{entry.receipt.seq}"]
        case CashierSignedIn():
            return [str(entry.cashier)]
        case StockCounted():
            return [_two(_name(product, c.product), format_quantity(c.counted)) for c in entry.lines]
        case StockAdjusted():
            moved = [_two(_name(product, a.product), format_quantity(a.quantity)) for a in entry.lines]
            return [entry.reason, *moved]
        case _:
            return []


def _receipt_body(receipt: Sale | Return, currency: str, product: ProductNames) -> list[str]:
    lines: list[str] = []
    for line in receipt.lines:
        lines += _line(line, currency, product)
    lines += [_RULE, _two("Total / المجموع", f"{format_minor(receipt.total, currency)} {currency}")]
    if receipt.tax:
        lines.append(_two("of which VAT / ضريبة", format_minor(receipt.tax, currency)))
    if receipt.rounding:
        lines.append(_two("Rounding / تقريب", format_minor(receipt.rounding, currency)))
    for payment in receipt.payments:
        lines.append(_two(payment.tender, format_minor(payment.tendered or payment.amount, currency)))
        if payment.tendered is not None:
            change = payment.tendered - payment.amount
            lines.append(_two("Change / الباقي", format_minor(change, currency)))
    if isinstance(receipt, Return) and receipt.original is not None:
        original = receipt.original
        lines.append(f"Of {original.branch}-{original.device}-{original.seq}")
    if receipt.customer is not None:
        lines.append(f"Customer {str(receipt.customer)[:_CUSTOMER_DIGITS]}")
    return lines


def _line(line: Line, currency: str, product: ProductNames) -> list[str]:
    known = product(line.product)
    lines = [_two(_name(product, line.product), format_minor(line.total, currency))]
    if known is not None and known.name_ar:
        lines.append(known.name_ar.rjust(WIDTH))
    if line.quantity != THOUSANDTHS or line.discount:
        unit = " kg" if known is not None and known.unit == "kg" else ""
        detail = f"  {format_quantity(line.quantity)}{unit} x {format_minor(line.unit_price, currency)}"
        if line.discount:
            detail += f" - {format_minor(line.discount, currency)}"
        lines.append(detail)
    if line.discount_reason is not None:
        lines.append(f"  {line.discount_reason}"[:WIDTH])
    return lines


def _name(product: ProductNames, product_id: UUID) -> str:
    known = product(product_id)
    return known.name_en if known is not None else str(product_id)


def _two(left: str, right: str) -> str:
    """Left and right on one line; a long left side is cut, an amount never."""
    room = max(1, WIDTH - len(right) - 1)
    return f"{left[:room]:<{room}} {right}"
