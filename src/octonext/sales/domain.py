"""Whether the figures of a receipt agree with each other, and what they mean in the ledger.

Used before the till writes a receipt and again when the shard books it: the same rules, one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from octonext.base.money import divide_half_up
from octonext.base.quantity import extend
from octonext.ledger.domain import LedgerLine, return_lines, sale_lines
from octonext.payments.domain import CASH, TENDER_ACCOUNTS
from octonext.sales.entries import Line, Payment, Return, Sale

#: One million parts.
PPM = 1_000_000
#: How far a line's tax may be from what its rate makes of it: one minor unit, because a till may
#: spread a rounding over the lines of a receipt.
TAX_TOLERANCE = 1


def find_disagreement(receipt: Sale | Return) -> str | None:
    """Return what is wrong with the figures of `receipt`, or None if they agree.

    A receipt whose figures do not agree cannot be booked and is quarantined. The formulas are those
    of `docs/sync-protocol.md`, section 4.
    """
    total = tax = 0
    for number, line in enumerate(receipt.lines, 1):
        problem = _line_disagreement(line)
        if problem is not None:
            return f"line {number}: {problem}"
        total += line.total
        tax += line.tax
    if total != receipt.total:
        return f"the lines add up to {total}, the total says {receipt.total}"
    if tax != receipt.tax:
        return f"the lines' taxes add up to {tax}, the tax says {receipt.tax}"
    return _payment_disagreement(receipt.payments, receipt.total, receipt.rounding)


def _line_disagreement(line: Line) -> str | None:
    total, tax, rate = line.total, line.tax, line.rate_ppm
    if tax > total:
        return f"the tax {tax} is more than the total {total}"
    after_discount = extend(line.unit_price, line.quantity) - line.discount
    if total == after_discount:
        due = divide_half_up(total * rate, PPM + rate)
        if -TAX_TOLERANCE <= tax - due <= TAX_TOLERANCE:
            return None
    if total == after_discount + tax:
        due = divide_half_up(after_discount * rate, PPM)
        if -TAX_TOLERANCE <= tax - due <= TAX_TOLERANCE:
            return None
    return (
        f"price {line.unit_price} x quantity {line.quantity} less discount {line.discount} "
        f"at {rate} ppm does not make total {total} with tax {tax}"
    )


def _payment_disagreement(payments: Sequence[Payment], total: int, rounding: int) -> str | None:
    paid = 0
    for payment in payments:
        if payment.tender not in TENDER_ACCOUNTS:
            return f"the tender {payment.tender!r} is not known"
        if payment.tendered is not None and payment.tendered < payment.amount:
            return f"tendered {payment.tendered} is less than the amount {payment.amount}"
        paid += payment.amount
    if paid != total + rounding:
        return f"the payments add up to {paid}, due are {total} with rounding {rounding}"
    if rounding and all(payment.tender != CASH for payment in payments):
        return "rounding needs a cash payment"
    return None


def find_unknown_tax(receipt: Sale | Return, rates: Mapping[str, int]) -> str | None:
    """Return the first tax code (with its rate) that `rates` (code -> ppm) does not hold."""
    for line in receipt.lines:
        if rates.get(line.tax_code) != line.rate_ppm:
            return f"{line.tax_code} at {line.rate_ppm} ppm"
    return None


def ledger_lines(receipt: Sale | Return) -> list[LedgerLine]:
    """Return the ledger lines of a receipt whose figures agree."""
    payments = [(TENDER_ACCOUNTS[payment.tender], payment.amount) for payment in receipt.payments]
    rule = sale_lines if isinstance(receipt, Sale) else return_lines
    return rule(payments, net=receipt.total - receipt.tax, tax=receipt.tax, rounding=receipt.rounding)
