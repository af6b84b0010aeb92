"""The chart of accounts and the journal lines of each event. Debits equal credits, always.

A line is `(account, debit, credit)` in minor units of the branch's currency, one of the two zero.
Cost of goods is not booked here yet: it needs a valuation, which comes with purchasing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Account(IntEnum):
    """The accounts that a branch's tills post to."""

    CASH_DRAWER = 1010
    SAFE = 1020
    CARD_CLEARING = 1110
    KNET_CLEARING = 1120
    MADA_CLEARING = 1130
    BENEFIT_CLEARING = 1140
    #: What one half of an exchange hands to the other: nothing is left here when both are booked.
    EXCHANGE_CLEARING = 1150
    RECEIVABLES = 1200
    VAT_PAYABLE = 2100
    VOUCHERS = 2310
    SALES = 4000
    SALES_RETURNS = 4010
    ROUNDING = 6900
    CASH_OVER_SHORT = 6910


LedgerLine = tuple[int, int, int]


def _lines(amounts: Iterable[tuple[int, int]]) -> list[LedgerLine]:
    """Return a debit for each amount, a credit where it is negative, and nothing for zero."""
    return [
        (account, amount, 0) if amount > 0 else (account, 0, -amount) for account, amount in amounts if amount
    ]


def sale_lines(
    payments: Iterable[tuple[Account, int]], *, net: int, tax: int, rounding: int
) -> list[LedgerLine]:
    """Return the lines of a sale: what was received against revenue, VAT and rounding."""
    amounts = [*payments, (Account.SALES, -net), (Account.VAT_PAYABLE, -tax)]
    if rounding:
        amounts.append((Account.ROUNDING, -rounding))
    return _lines(amounts)


def return_lines(
    payments: Iterable[tuple[Account, int]], *, net: int, tax: int, rounding: int
) -> list[LedgerLine]:
    """Return the lines of a return; all amounts positive, as the till writes them."""
    return _lines(
        [
            *((account, -amount) for account, amount in payments),
            (Account.SALES_RETURNS, net),
            (Account.VAT_PAYABLE, tax),
            (Account.ROUNDING, rounding),
        ]
    )


def cash_moved_lines(amount: int) -> list[LedgerLine]:
    """Return the lines of cash put into the drawer from the safe, or taken out if negative."""
    return _lines([(Account.CASH_DRAWER, amount), (Account.SAFE, -amount)])


def shift_closed_lines(*, counted: int, expected: int) -> list[LedgerLine]:
    """Return the lines that empty the drawer into the safe and book what is over or short."""
    return _lines(
        [
            (Account.SAFE, counted),
            (Account.CASH_DRAWER, -expected),
            (Account.CASH_OVER_SHORT, expected - counted),
        ]
    )
