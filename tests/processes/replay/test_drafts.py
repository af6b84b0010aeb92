from __future__ import annotations

from typing import Any
from uuid import UUID

from octonext.processes.replay.domain.drafts import Ids, Place, draft_of
from octonext.processes.replay.domain.places import Chain
from octonext.processes.replay.domain.plan import Kind, make_plan
from octonext.sales.domain import find_disagreement
from octonext.sales.entries import ReceiptReference, Return, Sale, StockAdjusted

from .conftest import MakeRow

SHOP = Chain(branches=1, tills=1, shards=1)
HEART = UUID("01900000-0000-7000-8000-00000000000a")
IDS = Ids({"85123A": HEART}, [Place(branch_id=3, device_id=7)])
COMMON: dict[str, Any] = {"seq": 1, "shift": HEART, "cashier": HEART, "hlc": 1}


def test_a_sale_has_every_line_and_figures_that_agree(make_row: MakeRow) -> None:
    plan = make_plan([make_row(), make_row(quantity=1_000, price=0)], SHOP)
    [entry] = [entry for entry in plan.tills[0] if entry.kind is Kind.SALE]
    draft = draft_of(entry, IDS)
    sale = Sale(**COMMON, at=entry.at, **draft.members)

    assert find_disagreement(sale) is None
    assert [(line.product, line.quantity, line.total) for line in sale.lines] == [
        (HEART, 2000, 510),
        (HEART, 1000, 0),
    ]
    assert (sale.total, sale.tax, sale.currency) == (510, 0, "GBP")
    assert draft.at == entry.at


def test_a_sale_of_gifts_only_has_no_payment(make_row: MakeRow) -> None:
    plan = make_plan([make_row(price=0)], SHOP)
    [entry] = [entry for entry in plan.tills[0] if entry.kind is Kind.SALE]
    sale = Sale(**COMMON, at=entry.at, **draft_of(entry, IDS).members)
    assert find_disagreement(sale) is None
    assert sale.payments == []


def test_a_return_names_its_receipt_in_head_offices_numbers(make_row: MakeRow) -> None:
    plan = make_plan([make_row(), make_row(invoice="C1", quantity=-1000)], SHOP)
    [entry] = [entry for entry in plan.tills[0] if entry.kind is Kind.RETURN]
    back = Return(**COMMON, at=entry.at, **draft_of(entry, IDS).members)

    assert find_disagreement(back) is None
    [sale] = [entry for entry in plan.tills[0] if entry.kind is Kind.SALE]
    assert back.original == ReceiptReference(branch=3, device=7, seq=sale.seq)
    assert [(line.quantity, line.total, line.original_line) for line in back.lines] == [(1000, 255, 1)]


def test_an_adjustment_keeps_the_stock_rooms_remark(make_row: MakeRow) -> None:
    plan = make_plan([make_row(quantity=-3000, price=0, description="wet damaged")], SHOP)
    [entry] = [entry for entry in plan.tills[0] if entry.kind is Kind.ADJUSTED]
    adjusted = StockAdjusted(**COMMON, at=entry.at, **draft_of(entry, IDS).members)
    assert (adjusted.reason, adjusted.note) == ("write_off", "wet damaged")
    assert [(line.product, line.quantity) for line in adjusted.lines] == [(HEART, -3000)]


def test_found_goods_say_so(make_row: MakeRow) -> None:
    plan = make_plan([make_row(price=0, customer="", description="")], SHOP)
    [entry] = [entry for entry in plan.tills[0] if entry.kind is Kind.ADJUSTED]
    assert draft_of(entry, IDS).members["reason"] == "found"
    assert draft_of(entry, IDS).members["note"] is None
