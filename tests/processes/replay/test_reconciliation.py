from __future__ import annotations

from octonext.processes.replay.domain.places import Chain
from octonext.processes.replay.domain.plan import make_plan
from octonext.processes.replay.domain.reconciliation import (
    FileSums,
    Source,
    differences,
    of_file,
    of_ledger,
    of_movements,
    of_totals,
    sum_file,
)
from octonext.processes.replay.domain.rows import Reported, Row

from .conftest import MakeRow

SHOP = Chain(branches=1, tills=1, shards=1)


def source(name: str, **measures: int) -> Source:
    found = Source(name)
    for measure, value in measures.items():
        found.add(measure, 3, value)
    return found


def test_the_file_says_what_its_own_rows_come_to(make_row: MakeRow) -> None:
    rows = [
        make_row(),
        make_row(invoice="C1", quantity=-1000),
        make_row(invoice="2", quantity=-5000, price=0, customer=""),
    ]
    file = of_file(make_plan(rows, SHOP), [3])
    assert {measure: branches[3] for measure, branches in file.values.items()} == {
        "sales": 1,
        "returns": 1,
        "lines": 2,
        "money": 510 - 255,
        "quantity": 2000 - 1000,
        "adjusted": -5000,
        "opening": 10_000,
    }


def test_sales_ledger_and_stock_are_read_with_the_signs_of_the_file() -> None:
    totals = {
        "branch_id": 3,
        "sale_count": 1,
        "return_count": 1,
        "line_count": 2,
        "total": 255,
        "quantity": 1000,
    }
    accounts = [
        {"branch_id": 3, "account": 1010, "debit": 510, "credit": 255},
        {"branch_id": 3, "account": 4000, "debit": 0, "credit": 510},
        {"branch_id": 3, "account": 4010, "debit": 255, "credit": 0},
    ]
    movements = [
        {"branch_id": 3, "reason": "sale", "quantity": -2000},
        {"branch_id": 3, "reason": "return", "quantity": 1000},
        {"branch_id": 3, "reason": "opening", "quantity": 10_000},
        {"branch_id": 3, "reason": "write_off", "quantity": -5000},
    ]
    sources = [
        source("file", sales=1, returns=1, lines=2, money=255, quantity=1000, adjusted=-5000, opening=10_000),
        of_totals("sales", [totals]),
        of_ledger(accounts),
        of_movements("stock", movements),
    ]
    assert differences(sources) == []


def test_places_that_disagree_are_named_with_branch_and_values() -> None:
    [found] = differences([source("file", money=5, sales=1), source("reports", money=4, sales=1)])
    assert (found.measure, found.branch, found.values) == ("money", 3, {"file": 5, "reports": 4})


def test_a_place_that_lost_a_branch_disagrees() -> None:
    empty = Source("reports", {"money": {}})
    assert [d.values for d in differences([source("file", money=5), empty])] == [{"file": 5, "reports": 0}]


def test_a_measure_that_a_place_cannot_know_is_not_held_against_it() -> None:
    assert differences([source("file", money=5, adjusted=-1), source("ledger", money=5)]) == []


def test_the_whole_file_is_applied_reported_or_written_off(make_row: MakeRow) -> None:
    records: list[Row | Reported] = [
        make_row(),
        make_row(invoice="A1", code="B", price=-1_106_206, quantity=1000),
        make_row(invoice="2", quantity=-1000, price=100),
    ]
    records.append(Reported(99, "invalid_date", ""))
    sums = sum_file(records, make_plan(records, SHOP))
    assert sums == FileSums(
        rows=4,
        applied=2,
        reported=2,
        money=510 - 1_106_206 - 100,
        money_applied=510,
        money_reported=-1_106_206,
        money_adjusted=-100,
    )
    assert sums.agrees


def test_a_lost_row_or_penny_does_not_agree() -> None:
    whole = FileSums(2, 1, 1, 10, 6, 4, 0)
    assert whole.agrees
    assert not FileSums(3, 1, 1, 10, 6, 4, 0).agrees
    assert not FileSums(2, 1, 1, 11, 6, 4, 0).agrees
