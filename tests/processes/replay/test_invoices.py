from __future__ import annotations

import pytest

from octonext.processes.replay.domain.invoices import Deed, group_invoices, sort_invoice, sort_row
from octonext.processes.replay.domain.rows import Reported

from .conftest import MakeRow


def test_an_invoice_is_a_sale_of_all_its_lines_even_of_the_same_goods(make_row: MakeRow) -> None:
    rows = [make_row(), make_row(), make_row(code="POST", price=1800)]
    invoice, reported = sort_invoice(rows)
    assert invoice.sold == rows
    assert reported == []


def test_a_cancellation_is_a_return(make_row: MakeRow) -> None:
    assert sort_row(make_row(invoice="C536379", quantity=-1000), alone=True) is Deed.RETURNED


def test_goods_that_were_lost_are_an_adjustment_and_no_money(make_row: MakeRow) -> None:
    lost = make_row(quantity=-10_000, price=0, customer="", description="damaged")
    assert sort_row(lost, alone=True) is Deed.ADJUSTED


def test_goods_that_were_found_are_an_adjustment(make_row: MakeRow) -> None:
    assert sort_row(make_row(price=0, customer=""), alone=True) is Deed.ADJUSTED


@pytest.mark.parametrize(("customer", "alone"), [("17850.0", True), ("", False)])
def test_a_free_line_of_an_order_was_given_away(make_row: MakeRow, customer: str, alone: bool) -> None:
    assert sort_row(make_row(price=0, customer=customer), alone=alone) is Deed.SOLD


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"invoice": "A563185", "code": "B", "price": 1_106_206}, "bad_debt"),
        ({"code": "AMAZONFEE", "customer": ""}, "company_cost"),
        ({"invoice": "C1", "code": "AMAZONFEE", "quantity": -1000, "customer": ""}, "company_cost"),
        ({"invoice": "C1", "code": "BANK CHARGES", "quantity": -1000, "customer": ""}, "company_cost"),
        ({"invoice": "C1", "code": "S", "quantity": -1000, "customer": ""}, "company_cost"),
        ({"price": -100}, "negative_price"),
        ({"quantity": 0}, "no_quantity"),
        ({"invoice": "C1", "quantity": 1000}, "cancellation_adds"),
        ({"code": "POST", "quantity": 1_000_000, "price": 0, "customer": ""}, "stock_of_service"),
        ({"code": "M", "quantity": -1000, "price": 0, "customer": ""}, "stock_of_service"),
    ],
)
def test_what_no_till_can_do_is_reported(make_row: MakeRow, changes: dict[str, object], reason: str) -> None:
    row = make_row(**changes)
    fate = sort_row(row, alone=True)
    assert isinstance(fate, Reported)
    assert (fate.line, fate.reason) == (row.line, reason)


@pytest.mark.parametrize("code", ["POST", "DOT", "C2", "M", "D", "BANK CHARGES"])
def test_charges_to_a_customer_are_given_back_like_goods(make_row: MakeRow, code: str) -> None:
    assert sort_row(make_row(invoice="C1", code=code, quantity=-1000), alone=True) is Deed.RETURNED


def test_an_invoice_in_two_pieces_is_still_one(make_row: MakeRow) -> None:
    first, other, last = make_row(), make_row(invoice="536366"), make_row()
    assert group_invoices([first, other, last]) == [[first, last], [other]]
