"""The reckoning finds a single fils that one of the three books has differently."""

from __future__ import annotations

import copy
import io
from collections import Counter
from uuid import UUID

import pytest
from rich.console import Console

from octonext.processes.reckoning import (
    JOURNALS,
    REPORTS,
    SHARDS,
    BranchFigures,
    Key,
    Place,
    compare,
    from_journals,
    print_reckoning,
)
from octonext.till.domain.totals import BranchTotals, Totals

KEY = Key(3, "KWD")
MILK = "0190a8f0-0000-7000-8000-000000000001"
PLACES = {3: Place("SAL", "Salmiya", "KWD")}


def books() -> dict[str, dict[Key, BranchFigures]]:
    values = {"sales": 2, "returns": 1, "total": 4_250, "tax": 0, "quantity": 7_000, "paid cash": 4_250}
    shard = {**values, "moved sale": -8_000, "moved count": 500, "line totals": 4_250}
    return {
        JOURNALS: {KEY: BranchFigures(dict(values), {MILK: -7_000})},
        SHARDS: {KEY: BranchFigures(dict(shard), {MILK: -7_000}, {MILK: 193_500})},
        REPORTS: {KEY: BranchFigures(dict(shard), {}, {MILK: 193_500})},
    }


def test_books_that_say_the_same_agree() -> None:
    found = compare(books())
    assert found.agrees
    # 6 figures in all three books, 3 in two of them, what moved of milk and what is left of it.
    assert found.compared == 11


@pytest.mark.parametrize("book", [JOURNALS, SHARDS, REPORTS])
@pytest.mark.parametrize("figure", ["sales", "total", "paid cash", "quantity"])
def test_one_minor_unit_too_much_in_any_book_is_found(book: str, figure: str) -> None:
    changed = books()
    changed[book][KEY].values[figure] += 1
    found = compare(changed)
    assert not found.agrees
    (difference,) = found.differences
    assert (difference.key, difference.figure) == (KEY, figure)
    assert difference.said[book] == books()[book][KEY].values[figure] + 1


def test_stock_of_one_product_that_differs_is_found() -> None:
    changed = books()
    changed[REPORTS][KEY].on_hand[MILK] -= 1
    changed[JOURNALS][KEY].moved.clear()
    figures = [difference.figure for difference in compare(changed).differences]
    assert figures == [f"moved of {MILK}", f"on hand of {MILK}"]


def test_a_branch_that_one_book_does_not_have_is_a_difference() -> None:
    changed = books()
    del changed[REPORTS][KEY]
    assert not compare(changed).agrees


def test_a_figure_that_a_book_leaves_out_is_zero_there() -> None:
    changed = books()
    for book in changed.values():
        book[KEY].values["paid card"] = 0
    del changed[SHARDS][KEY].values["paid card"]
    assert compare(changed).agrees
    del changed[SHARDS][KEY].values["paid cash"]
    assert [each.figure for each in compare(changed).differences] == ["paid cash"]


def test_what_a_count_moved_is_not_the_journals_to_say() -> None:
    changed = books()
    changed[SHARDS][KEY].values["moved count"] = 400
    (difference,) = compare(changed).differences
    assert set(difference.said) == {SHARDS, REPORTS}


def test_nothing_to_compare_is_no_agreement() -> None:
    assert not compare({JOURNALS: copy.copy({}), SHARDS: {}, REPORTS: {}}).agrees


def test_journals_say_what_the_ledger_must_have_made_of_them() -> None:
    branch = BranchTotals("SAR", total=11_500, tax=1_500, rounding=0, over_short=-50)
    branch.tenders = Counter(cash=4_000, mada=7_500)
    branch.stock = Counter({UUID(MILK): -1_000})
    figures = from_journals(Totals(branches={7: branch}))[Key(7, "SAR")]
    accounts = {name: value for name, value in figures.values.items() if name.startswith("account ")}
    assert accounts == {
        "account cash": 3_950,
        "account mada_clearing": 7_500,
        "account revenue": -10_000,
        "account vat_payable": -1_500,
        "account cash_over_short": 50,
    }
    assert sum(accounts.values()) == 0
    assert figures.moved == {MILK: -1_000}


def test_the_table_fits_eighty_columns_and_names_each_difference() -> None:
    changed = books()
    changed[SHARDS][KEY].values["total"] -= 1
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        print_reckoning(console, changed, compare(changed), PLACES)
    lines = capture.get().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any("4.250 KWD" in line for line in lines)
    assert "SAL KWD total: journals 4250, shards 4249, reports 4250" in capture.get()


def test_the_table_says_so_when_all_agree() -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        print_reckoning(console, books(), compare(books()), PLACES)
    assert "Nothing is lost and nothing counted twice" in capture.get()
    assert "= reports" in capture.get()
