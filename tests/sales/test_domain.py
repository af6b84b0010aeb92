"""The figures of a receipt agree, or it is said where they do not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from octonext.ledger.domain import Account
from octonext.sales.domain import find_disagreement, find_unknown_tax, ledger_lines
from octonext.sales.entries import Line, Payment, Sale, decode_entry, encode_entry

ID = UUID("01900000-0000-7000-8000-000000000001")


def line(**changes: Any) -> Line:
    """Two pieces at 11.50 SAR, VAT of 15 % included."""
    fields: dict[str, Any] = {
        "product": ID,
        "quantity": 2000,
        "unit_price": 1150,
        "tax_code": "SA-S",
        "rate_ppm": 150_000,
        "tax": 300,
        "total": 2300,
    }
    return Line(**(fields | changes))


def sale(*lines: Line, **changes: Any) -> Sale:
    chosen = list(lines) or [line()]
    fields: dict[str, Any] = {
        "seq": 1,
        "shift": ID,
        "cashier": ID,
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "hlc": 1,
        "currency": "SAR",
        "lines": chosen,
        "total": sum(each.total for each in chosen),
        "tax": sum(each.tax for each in chosen),
        "payments": [Payment(tender="cash", amount=sum(each.total for each in chosen))],
    }
    return Sale(**(fields | changes))


@pytest.mark.parametrize(
    "good",
    [
        sale(),
        sale(line(tax=299)),  # a minor unit of rounding is a till's own affair
        sale(line(discount=300, total=2000, tax=261)),
        sale(line(total=2645, tax=345)),  # price without tax
        sale(rounding=-5, payments=[Payment(tender="cash", amount=2295)]),
        sale(
            payments=[Payment(tender="mada", amount=2000), Payment(tender="cash", amount=300, tendered=500)]
        ),
        sale(line(unit_price=0, tax=0, total=0), payments=[]),
    ],
)
def test_figures_that_agree_are_taken(good: Sale) -> None:
    assert find_disagreement(good) is None
    assert decode_entry(encode_entry(good)) == good
    lines = ledger_lines(good)
    assert sum(debit - credit for _, debit, credit in lines) == 0


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (sale(line(total=2301, tax=300)), "line 1"),
        (sale(line(tax=200)), "line 1"),
        (sale(line(tax=2400)), "more than the total"),
        (sale(total=2299), "the total says"),
        (sale(tax=1), "the tax says"),
        (sale(payments=[]), "payments add up to 0"),
        (sale(payments=[Payment(tender="shells", amount=2300)]), "'shells' is not known"),
        (sale(payments=[Payment(tender="cash", amount=2300, tendered=2000)]), "tendered"),
        (sale(rounding=5, payments=[Payment(tender="mada", amount=2305)]), "rounding needs"),
    ],
)
def test_figures_that_disagree_are_named(bad: Sale, what: str) -> None:
    assert what in (find_disagreement(bad) or "")


def test_vat_goes_to_its_own_account() -> None:
    booked = {account: credit for account, _, credit in ledger_lines(sale()) if credit}
    assert booked == {Account.SALES: 2000, Account.VAT_PAYABLE: 300}


def test_a_tax_the_jurisdiction_does_not_have_is_named() -> None:
    assert find_unknown_tax(sale(), {"SA-S": 150_000}) is None
    assert find_unknown_tax(sale(), {"SA-S": 50_000}) == "SA-S at 150000 ppm"
    assert find_unknown_tax(sale(), {}) == "SA-S at 150000 ppm"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "barter"},
        {"v": 2},
        {"seq": 0},
        {"lines": []},
        {"total": -1},
        {"total": 1.5},
        {"total": 10**13},
        {"at": "2026-03-01T00:00:00"},
        {"currency": "dinar"},
    ],
)
def test_a_wrong_shape_is_refused(change: dict[str, Any]) -> None:
    good = msgspec.json.decode(encode_entry(sale()))
    with pytest.raises(msgspec.ValidationError):
        decode_entry(msgspec.json.encode(good | change))
