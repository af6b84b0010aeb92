from __future__ import annotations

from datetime import datetime

import pytest

from octonext.processes.replay.domain.rows import LONDON, Reported, Row, read_row

FIELDS = ["536365", "85123a", " HOLDER ", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"]


def fields(**changes: str) -> list[str]:
    places = {"invoice": 0, "code": 1, "quantity": 3, "date": 4, "price": 5, "customer": 6}
    changed = list(FIELDS)
    for name, value in changes.items():
        changed[places[name]] = value
    return changed


def test_a_line_becomes_a_row_in_pence_and_thousandths_with_its_code_in_capitals() -> None:
    row = read_row(2, FIELDS)

    assert row == Row(
        line=2,
        invoice="536365",
        code="85123A",
        description="HOLDER",
        quantity=6_000,
        at=datetime(2010, 12, 1, 8, 26, tzinfo=LONDON),
        price=255,
        customer="17850.0",
        amount=1530,
    )


def test_a_cancelled_line_keeps_its_sign() -> None:
    row = read_row(2, fields(quantity="-12", price="4.25"))
    assert isinstance(row, Row)
    assert (row.quantity, row.amount) == (-12_000, -5100)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (FIELDS[:7], "wrong_columns"),
        ([*FIELDS, "more"], "wrong_columns"),
        (fields(invoice="  "), "no_invoice"),
        (fields(code=""), "no_stock_code"),
        (fields(code="A\x00B"), "no_stock_code"),
        (fields(code="X" * 65), "no_stock_code"),
        (fields(quantity="six"), "invalid_quantity"),
        (fields(quantity="1e3"), "invalid_quantity"),
        (fields(price=""), "invalid_amount"),
        (fields(price="0.001"), "invalid_amount"),
        (fields(price="nan"), "invalid_amount"),
        (fields(date="yesterday"), "invalid_date"),
        (fields(quantity="9999999", price="999999999"), "amount_too_large"),
    ],
)
def test_what_is_no_row_is_reported_with_its_line_and_reason(line: list[str], reason: str) -> None:
    reported = read_row(7, line)
    assert isinstance(reported, Reported)
    assert (reported.line, reported.reason) == (7, reason)
    assert reported.detail
