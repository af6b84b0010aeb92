"""The plan of a replay: every row ends somewhere, in its till's order, with a receipt where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octonext.base.quantity import extend
from octonext.processes.replay.domain.invoices import SERVICES
from octonext.processes.replay.domain.places import Chain
from octonext.processes.replay.domain.plan import Entry, Kind, Plan, make_plan
from octonext.processes.replay.domain.rows import Reported, Row
from octonext.processes.replay.domain.sizes import line_bytes
from octonext.sales.entries import ENTRY_BYTES_MAX

from .conftest import START, MakeRow

SHOP = Chain(branches=1, tills=1, shards=1)
CHAIN = Chain(branches=4, tills=6, shards=2, seed=7)


def entries(plan: Plan, *kinds: Kind) -> list[Entry]:
    return [entry for till in plan.tills for entry in till if entry.kind in kinds]


@st.composite
def records(draw: st.DrawFn) -> list[Row | Reported]:
    """Files of any kind of row, in any mixture, on few invoices, goods and customers."""
    count = draw(st.integers(0, 40))
    found: list[Row | Reported] = []
    for line in range(2, count + 2):
        if draw(st.integers(0, 19)) == 0:
            found.append(Reported(line, "invalid_date", "as read"))
            continue
        quantity = draw(st.sampled_from([0, 1000, 2000, 500, -1000, -2000, 6_000_000, -500]))
        price = draw(st.sampled_from([0, 1, 255, 99_999, -100]))
        found.append(
            Row(
                line=line,
                invoice=draw(st.sampled_from(["", "C", "A"])) + str(draw(st.integers(1, 12))),
                code=draw(st.sampled_from(["71053", "84406B", "22423", *SERVICES, "AMAZONFEE"])),
                description=draw(st.sampled_from(["LANTERN", "", "?"])),
                quantity=quantity,
                at=START + timedelta(hours=draw(st.integers(-50, 4000))),
                price=price,
                customer=draw(st.sampled_from(["", "17850.0", "13047.0"])),
                amount=extend(price, quantity),
            )
        )
    return found


@settings(max_examples=200, deadline=None)
@given(records())
def test_every_row_ends_in_exactly_one_entry_or_one_report(found: list[Row | Reported]) -> None:
    plan = make_plan(found, CHAIN)

    applied = [row.line for entry in entries(plan, *Kind) for row in entry.rows]
    reported = [each.line for each in plan.reported]
    assert sorted(applied + reported) == [record.line for record in found]
    assert plan.rows_in == len(found) == plan.rows_applied + len(reported)


@settings(max_examples=200, deadline=None)
@given(records())
def test_every_till_has_a_journal_that_a_till_can_write(found: list[Row | Reported]) -> None:
    plan = make_plan(found, CHAIN)

    for number, till in enumerate(plan.tills):
        assert [entry.seq for entry in till] == list(range(1, len(till) + 1))
        is_open = False
        for entry in till:
            assert entry.till == number
            assert is_open == (entry.kind is not Kind.OPEN)
            is_open = entry.kind is not Kind.CLOSE
            assert entry.cash >= 0
            assert entry.amount >= 0
            if entry.kind in (Kind.SALE, Kind.RETURN, Kind.ADJUSTED):
                assert entry.rows
        assert not is_open


@settings(max_examples=200, deadline=None)
@given(records())
def test_a_return_names_a_sale_that_came_before_and_never_more_than_it_sold(
    found: list[Row | Reported],
) -> None:
    plan = make_plan(found, CHAIN)

    left = {
        (sale.till, sale.seq, number): row.quantity
        for sale in entries(plan, Kind.SALE)
        for number, row in enumerate(sale.rows, 1)
    }
    goods = {
        (sale.till, sale.seq, number): (row.customer, row.code)
        for sale in entries(plan, Kind.SALE)
        for number, row in enumerate(sale.rows, 1)
    }
    for back in entries(plan, Kind.RETURN):
        if back.original is None:
            continue
        for row, number in zip(back.rows, back.original_lines, strict=True):
            place = (*back.original, number)
            assert goods[place] == (row.customer, row.code)
            left[place] += row.quantity
            assert left[place] >= 0


@settings(max_examples=50, deadline=None)
@given(records())
def test_the_same_file_and_seed_make_the_same_plan(found: list[Row | Reported]) -> None:
    assert make_plan(found, CHAIN) == make_plan(list(found), CHAIN)


def test_a_cancellation_finds_the_receipt_and_line_of_its_sale(make_row: MakeRow) -> None:
    rows = [
        make_row(code="71053"),
        make_row(code="22423"),
        make_row(invoice="C1", code="22423", quantity=-1000),
    ]
    [back] = entries(make_plan(rows, SHOP), Kind.RETURN)
    [sale] = entries(make_plan(rows, SHOP), Kind.SALE)
    assert back.original == (sale.till, sale.seq)
    assert list(back.original_lines) == [2]
    assert back.tender == sale.tender


def test_a_cancellation_of_two_receipts_is_two_returns(make_row: MakeRow) -> None:
    rows = [
        make_row(invoice="1", code="71053"),
        make_row(invoice="2", code="22423"),
        make_row(invoice="C3", code="71053", quantity=-1000),
        make_row(invoice="C3", code="22423", quantity=-1000),
        make_row(invoice="C3", code="84406B", quantity=-1000),
    ]
    backs = entries(make_plan(rows, SHOP), Kind.RETURN)
    assert len(backs) == 3
    assert [back.original is None for back in backs] == [False, False, True]


@pytest.mark.parametrize("customer", ["", "99999.0"])
def test_a_cancellation_of_what_nobody_known_bought_has_no_receipt(make_row: MakeRow, customer: str) -> None:
    rows = [make_row(customer=""), make_row(invoice="C1", quantity=-1000, customer=customer)]
    [back] = entries(make_plan(rows, SHOP), Kind.RETURN)
    assert back.original is None
    assert list(back.original_lines) == []


def test_goods_come_back_once(make_row: MakeRow) -> None:
    rows = [
        make_row(quantity=1000),
        make_row(invoice="C1", quantity=-1000),
        make_row(invoice="C2", quantity=-1000),
    ]
    backs = entries(make_plan(rows, SHOP), Kind.RETURN)
    assert [back.original is None for back in backs] == [False, True]


def test_a_refund_is_cash_only_if_the_drawer_holds_it(make_row: MakeRow) -> None:
    def rows(price: int) -> Sequence[Row]:
        sold = [make_row(invoice=str(n), price=price, quantity=1000, code=f"G{n}") for n in range(60)]
        # the next month: a drawer with nothing but its float
        later = START + timedelta(days=60)
        back = [
            make_row(invoice=f"C{n}", price=price, quantity=-1000, code=f"G{n}", at=later) for n in range(60)
        ]
        return [*sold, *back]

    plan = make_plan(rows(4_000), SHOP)
    cash_sales = {(e.till, e.seq) for e in entries(plan, Kind.SALE) if e.tender == "cash"}
    refunds = [e for e in entries(plan, Kind.RETURN) if e.original in cash_sales]
    assert {e.tender for e in refunds} == {"cash", "card"}
    assert sum(e.amount for e in refunds if e.tender == "cash") <= 10_000
    assert all(entry.cash >= 0 for entry in entries(plan, Kind.CLOSE))


def test_an_invoice_beyond_the_size_of_an_entry_becomes_several_receipts(make_row: MakeRow) -> None:
    rows = [make_row(code=f"G{n}", price=123_456, quantity=12_345) for n in range(2_500)]
    sales = entries(make_plan(rows, SHOP), Kind.SALE)
    assert len(sales) == 3
    assert [row for sale in sales for row in sale.rows] == rows
    assert all(sum(line_bytes(row) for row in sale.rows) <= ENTRY_BYTES_MAX for sale in sales)


def test_the_longest_invoice_of_the_real_file_stays_one_receipt(make_row: MakeRow) -> None:
    rows = [make_row(code=f"G{n}", price=1_295, quantity=12_000) for n in range(705)]
    assert len(entries(make_plan(rows, SHOP), Kind.SALE)) == 1


def test_branches_begin_with_the_goods_they_will_sell_and_services_with_none(make_row: MakeRow) -> None:
    rows = [make_row(quantity=12_000), make_row(code="POST"), make_row(quantity=1000)]
    plan = make_plan(rows, SHOP)
    [opening] = entries(plan, Kind.OPENING_STOCK)
    assert list(opening.stock) == [("85123A", 20_000)]
    assert plan.tills[0].index(opening) == 1  # right after the shift opened


def test_shifts_follow_the_calendar_months_of_the_file(make_row: MakeRow) -> None:
    days = (1, 20, 45, 70)  # December, December, January, February
    rows = [make_row(invoice=str(day), at=START + timedelta(days=day)) for day in days]
    plan = make_plan(rows, SHOP)
    assert [entry.kind for entry in plan.tills[0]] == [
        Kind.OPEN, Kind.OPENING_STOCK, Kind.SALE, Kind.SALE, Kind.CLOSE,
        Kind.OPEN, Kind.SALE, Kind.CLOSE,
        Kind.OPEN, Kind.SALE, Kind.CLOSE,
    ]  # fmt: skip


def test_an_empty_file_makes_an_empty_plan() -> None:
    plan = make_plan([], CHAIN)
    assert plan.tills == [[] for _ in range(6)]
    assert (plan.rows_in, plan.rows_applied, plan.reported) == (0, 0, [])


def test_two_records_of_one_line_are_a_bug_and_found() -> None:
    with pytest.raises(ValueError, match="same line"):
        make_plan([Reported(2, "a", "b"), Reported(2, "a", "b")], SHOP)
