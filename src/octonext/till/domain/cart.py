"""From what was scanned to what is paid: lines with their tax, tenders with their change, returns.

All amounts are minor units, all quantities thousandths. The formulas are those the shard checks
(`octonext.sales.domain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octonext.base.money import divide_half_up, format_minor
from octonext.base.quantity import THOUSANDTHS, extend, format_quantity
from octonext.base.spread import cash_due
from octonext.compliance.domain import split_tax
from octonext.payments.domain import CASH, EXCHANGE, TENDER_ACCOUNTS
from octonext.sales.entries import LINES_MAX, PAYMENTS_MAX, Line, Payment
from octonext.till.errors import NotSellable, TenderRefused

from .catalogue import Product, Tag, Tax

#: Tenders that a customer hands over. This till writes no exchange: it gives money back and sells anew.
_TAKEN = tuple(code for code in TENDER_ACCOUNTS if code != EXCHANGE)


@dataclass(frozen=True, slots=True)
class Item:
    """So much of what carries this barcode, with a discount in minor units off the line."""

    barcode: str
    quantity: int = THOUSANDTHS
    discount: int = 0


@dataclass(frozen=True, slots=True)
class Tender:
    """What the customer hands over; no amount means all that is still due."""

    code: str
    amount: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Payments that add up to what is due and its rounding, and the change from cash."""

    payments: list[Payment]
    change: int
    #: What is paid less what was due: coins that do not exist.
    rounding: int = 0


def price_line(product: Product, tag: Tag, tax: Tax, quantity: int, discount: int = 0) -> Line:
    """One line of a sale. Raises `NotSellable` for half a piece and for a discount above the price."""
    if product.unit == "piece" and quantity % THOUSANDTHS:
        raise NotSellable(f"{product.name_en} is sold by the piece, not {format_quantity(quantity)}.")
    if quantity <= 0:
        raise NotSellable(f"{product.name_en}: a quantity is more than nothing.")
    after_discount = extend(tag.amount, quantity) - discount
    if discount < 0 or after_discount < 0:
        raise NotSellable(f"{product.name_en}: the discount must be between nothing and the price.")
    split = split_tax(after_discount, tax.rate_ppm, inclusive=tag.tax_inclusive)
    return Line(
        product=product.product_id,
        quantity=quantity,
        unit_price=tag.amount,
        discount=discount,
        tax_code=tax.tax_code,
        rate_ppm=tax.rate_ppm,
        tax=split.tax,
        total=split.gross,
    )


def return_line(original: Line, number: int, quantity: int) -> Line:
    """Line `number` of a receipt, `quantity` of it taken back at what the customer paid for it.

    Raises `NotSellable` for more than was sold.
    """
    if not 0 < quantity <= original.quantity:
        raise NotSellable(
            f"Line {number} sold {format_quantity(original.quantity)}; "
            f"{format_quantity(quantity)} cannot come back on it."
        )
    if quantity == original.quantity:
        discount = original.discount
    else:
        share = divide_half_up(original.discount * quantity, original.quantity)
        discount = min(share, extend(original.unit_price, quantity))
    # The tax was on top of the price if that is how the original adds up.
    exclusive = (
        original.tax > 0
        and original.total
        == extend(original.unit_price, original.quantity) - original.discount + original.tax
    )
    after_discount = extend(original.unit_price, quantity) - discount
    split = split_tax(after_discount, original.rate_ppm, inclusive=not exclusive)
    return Line(
        product=original.product,
        quantity=quantity,
        unit_price=original.unit_price,
        discount=discount,
        tax_code=original.tax_code,
        rate_ppm=original.rate_ppm,
        tax=split.tax,
        total=split.gross,
        original_line=number,
    )


def settle(
    due: int, tenders: Sequence[Tender], currency: str, cash_rounding: int | None = None
) -> Settlement:
    """Pay `due` with `tenders`; only cash may be handed over in excess, and its change comes back.

    What cash pays, which is the last to pay, is rounded to multiples of `cash_rounding` minor units; None
    does not round. Without tenders all is paid in cash. Raises `TenderRefused`.
    """
    tenders = tenders or [Tender(CASH)]
    if len(tenders) > PAYMENTS_MAX:
        raise TenderRefused(f"A receipt has at most {PAYMENTS_MAX} tenders.")
    payments: list[Payment] = []
    left, change = due, 0
    rounding: int | None = None
    for tender in sorted(tenders, key=lambda tender: tender.code == CASH):
        _check_tender(tender)
        if tender.code == CASH and rounding is None:
            exact, left = left, cash_due(left, cash_rounding)
            rounding = left - exact
        given = left if tender.amount is None else tender.amount
        # Who gives what is due, to coins that do not exist, has given all of it.
        if tender.code == CASH and rounding and left - rounding <= given < left:
            given = left
        taken = min(given, left)
        if given > left and tender.code != CASH:
            raise TenderRefused(
                f"{tender.code} {format_minor(given, currency)} {currency} is more than "
                f"the {format_minor(left, currency)} that is due; only cash gives change."
            )
        if taken > 0:
            tendered = given if tender.code == CASH and given > taken else None
            payments.append(
                Payment(tender=tender.code, amount=taken, tendered=tendered, reference=tender.reference)
            )
        change += given - taken
        left -= taken
    if left:
        raise TenderRefused(f"{format_minor(left, currency)} {currency} are missing.")
    return Settlement(payments, change, rounding or 0)


def check_lines(lines: Sequence[Line]) -> None:
    """Raises `NotSellable` for a receipt without lines or with more than one can hold."""
    if not lines:
        raise NotSellable("There is nothing on this receipt.")
    if len(lines) > LINES_MAX:
        raise NotSellable(f"A receipt has at most {LINES_MAX} lines; this one has {len(lines)}.")


def _check_tender(tender: Tender) -> None:
    if tender.code not in _TAKEN:
        known = ", ".join(_TAKEN)
        raise TenderRefused(f"The tender {tender.code!r} is not known.", remedy=f"Use one of {known}.")
    if tender.amount is not None and tender.amount <= 0:
        raise TenderRefused(f"The {tender.code} amount must be more than nothing.")
