"""Every event's ledger lines balance, whatever the figures."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from octonext.ledger.domain import (
    Account,
    LedgerLine,
    cash_moved_lines,
    return_lines,
    sale_lines,
    shift_closed_lines,
)

amounts = st.integers(0, 10**9)
payments = st.lists(
    st.tuples(st.sampled_from([Account.CASH_DRAWER, Account.KNET_CLEARING]), st.integers(1, 10**9)),
    max_size=3,
)


def check(lines: Sequence[LedgerLine]) -> None:
    assert sum(debit for _, debit, _ in lines) == sum(credit for _, _, credit in lines)
    assert all((debit > 0) != (credit > 0) for _, debit, credit in lines)


@given(payments, amounts, st.integers(-5, 5))
def test_sales_and_returns_balance_and_cancel_out(
    paid: list[tuple[Account, int]], tax: int, rounding: int
) -> None:
    net = sum(amount for _, amount in paid) - rounding - tax
    sold = sale_lines(paid, net=net, tax=tax, rounding=rounding)
    back = return_lines(paid, net=net, tax=tax, rounding=rounding)
    check(sold)
    check(back)
    drawer = [line for line in (*sold, *back) if line[0] == Account.CASH_DRAWER]
    assert sum(debit - credit for _, debit, credit in drawer) == 0


@given(amounts, amounts)
def test_closing_a_shift_empties_the_drawer_into_the_safe(counted: int, expected: int) -> None:
    lines = shift_closed_lines(counted=counted, expected=expected)
    check(lines)
    assert sum(d - c for account, d, c in lines if account == Account.SAFE) == counted
    assert sum(d - c for account, d, c in lines if account == Account.CASH_DRAWER) == -expected


@given(st.integers(-(10**9), 10**9))
def test_cash_moves_between_drawer_and_safe(amount: int) -> None:
    check(cash_moved_lines(amount))
