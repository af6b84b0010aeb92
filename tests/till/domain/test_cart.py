"""Whatever is scanned, discounted and brought back: the shard's own check finds nothing to object to."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octonext.base.spread import cash_due
from octonext.sales.domain import find_disagreement
from octonext.sales.entries import Line, Return, Sale
from octonext.till.domain.cart import Tender, price_line, return_line, settle
from octonext.till.domain.catalogue import Product, Tag, Tax
from octonext.till.errors import TenderRefused

SHIFT = UUID("01938f5e-7c00-7000-8000-0000000000d1")
GOODS = Product(SHIFT, "X-1", "Anything", "", "kg", "standard")

amounts = st.integers(0, 10**7)
rates = st.sampled_from([0, 50_000, 100_000, 150_000])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    price, quantity = draw(st.integers(0, 10**6)), draw(st.integers(1, 10**6))
    discount = draw(st.integers(0, price * quantity // 1000))
    tax = Tax("SA", "standard", "SA-S", draw(rates))
    return price_line(GOODS, Tag(price, draw(st.booleans())), tax, quantity, discount)


def receipt(kind: type[Sale | Return], sold: list[Line], cash_rounding: int | None = None) -> Sale | Return:
    total = sum(line.total for line in sold)
    paid = settle(total, [Tender("cash")], "SAR", cash_rounding)
    return kind(
        seq=1,
        shift=SHIFT,
        cashier=SHIFT,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        hlc=0,
        currency="SAR",
        lines=sold,
        payments=paid.payments,
        rounding=paid.rounding,
        total=total,
        tax=sum(line.tax for line in sold),
    )


steps = st.sampled_from([None, 1, 5, 10, 25, 100, 250])


@given(sold=st.lists(lines(), min_size=1, max_size=6), step=steps)
def test_every_priced_receipt_agrees(sold: list[Line], step: int | None) -> None:
    assert find_disagreement(receipt(Sale, sold, step)) is None


@given(line=lines(), data=st.data())
def test_every_part_of_a_line_that_comes_back_agrees(line: Line, data: st.DataObject) -> None:
    quantity = data.draw(st.integers(1, line.quantity))
    back = return_line(line, 1, quantity)
    assert find_disagreement(receipt(Return, [back])) is None


@given(line=lines())
def test_a_whole_line_comes_back_for_exactly_what_it_cost(line: Line) -> None:
    back = return_line(line, 1, line.quantity)
    assert (back.total, back.tax) == (line.total, line.tax)


@given(due=amounts, given_cash=st.integers(1, 10**7), card=st.integers(0, 10**7))
def test_payments_and_change_always_add_up(due: int, given_cash: int, card: int) -> None:
    card = min(card, due)
    tenders = [Tender("cash", due - card + given_cash)] + ([Tender("card", card)] if card else [])
    paid = settle(due, tenders, "SAR")
    assert sum(payment.amount for payment in paid.payments) == due
    assert paid.change == given_cash


@given(due=amounts, card=st.integers(0, 10**7), step=steps)
def test_only_what_cash_pays_is_rounded_and_only_by_half_a_coin(
    due: int, card: int, step: int | None
) -> None:
    card = min(card, due)
    by_card = [Tender("card", card)] if card else []
    paid = settle(due, [Tender("cash"), *by_card], "SAR", step)
    in_cash = sum(payment.amount for payment in paid.payments if payment.tender == "cash")
    assert sum(payment.amount for payment in paid.payments) == due + paid.rounding
    assert in_cash == cash_due(due - card, step)
    assert settle(due, [Tender("card")], "SAR", step).rounding == 0


@pytest.mark.parametrize("handed_over", [1_253, 1_254, 1_255])
def test_who_gives_the_unrounded_total_in_cash_has_given_all_of_it(handed_over: int) -> None:
    paid = settle(1_253, [Tender("cash", handed_over)], "KWD", 5)
    assert ([payment.amount for payment in paid.payments], paid.change, paid.rounding) == ([1_255], 0, 2)


def test_less_than_the_unrounded_total_in_cash_is_refused() -> None:
    with pytest.raises(TenderRefused, match=r"0\.003 KWD are missing"):
        settle(1_253, [Tender("cash", 1_252)], "KWD", 5)


def test_cash_in_two_parts_is_rounded_once() -> None:
    paid = settle(1_252, [Tender("cash", 1_000), Tender("cash")], "KWD", 5)
    assert ([payment.amount for payment in paid.payments], paid.rounding) == ([1_000, 250], -2)
    # nothing to round, and still nothing after a part
    exact = settle(1_250, [Tender("cash", 3), Tender("cash")], "KWD", 5)
    assert ([payment.amount for payment in exact.payments], exact.rounding) == ([3, 1_247], 0)
