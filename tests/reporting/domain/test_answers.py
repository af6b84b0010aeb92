from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from octonext.reporting.domain.answers import Found, make_answer, to_csv, to_json
from octonext.reporting.domain.queries import REPORTS

TOP = REPORTS["top-products"]
DATES = UUID("0199c0de-0000-7000-8000-000000000001")
ROW = [DATES, "D-1", "Dates", "تمر", "Food", "طعام", "kg", "KWD", 2, 1500, 1250, 1250, 0, 1]


def as_csv(*rows: list[object]) -> list[dict[str, str]]:
    answer = make_answer(TOP, Found(tuple(TOP.units), rows), given={}, as_of={}, rows_max=10)
    body = to_csv(answer)
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_csv_shows_money_and_quantities_as_decimals_of_the_rows_own_currency() -> None:
    riyals = [*ROW[:7], "SAR", 2, -500, 1250, 1087, 163, 1]
    dinars, other = as_csv(ROW, riyals)
    assert (dinars["total"], dinars["quantity"], dinars["name_ar"]) == ("1.250", "1.5", "تمر")
    assert (other["total"], other["tax"], other["quantity"]) == ("12.50", "1.63", "-0.5")


def test_csv_quotes_what_needs_it_and_reads_back_the_same() -> None:
    (row,) = as_csv([DATES, 'a"b', "x, y", "line\nbreak", *ROW[4:]])
    assert (row["sku"], row["name_en"], row["name_ar"]) == ('a"b', "x, y", "line\nbreak")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1"])
def test_no_name_becomes_a_formula_in_a_spreadsheet(name: str) -> None:
    (row,) = as_csv([DATES, name, *ROW[2:]])
    assert row["sku"] == f"'{name}"
    assert row["total"] == "1.250"


def test_negative_figures_stay_figures() -> None:
    (row,) = as_csv([*ROW[:10], -1250, -1250, 0, 1])
    assert row["total"] == "-1.250"


def test_json_carries_integers_with_their_units_and_times_in_utc() -> None:
    report = REPORTS["sales-by-day"]
    found = Found(tuple(report.units), [[date(2026, 3, 1), "KWD", 1, 0, 1250, 0, 1250, 1250, 0, 0, 0]])
    as_of = {9: None, 7: datetime(2026, 3, 1, 12, tzinfo=UTC)}
    answer = json.loads(
        to_json(make_answer(report, found, given={"from": "2026-03-01"}, as_of=as_of, rows_max=1))
    )
    assert answer["as_of"] == {"7": "2026-03-01T12:00:00Z", "9": None}
    assert answer["rows"][0][0] == "2026-03-01"
    assert {"name": "total", "type": "integer", "unit": "minor"} in answer["columns"]
    assert (answer["parameters"], answer["truncated"]) == ({"from": "2026-03-01"}, False)


def test_a_statement_that_returns_other_columns_is_a_bug() -> None:
    with pytest.raises(ValueError, match="top-products returns"):
        make_answer(TOP, Found(("a",), [[1]]), given={}, as_of={}, rows_max=1)
