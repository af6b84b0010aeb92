from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from octonext.reporting.domain.periods import FIRST_DAY, LAST_DAY, spans, whole_months
from octonext.reporting.domain.queries import (
    REPORTS,
    ROWS_DEFAULT,
    ROWS_MAX,
    Branch,
    InvalidReportFilter,
    UnknownReport,
    find_report,
    read_filters,
)

BRANCHES = [Branch(7, "KW7", "KW", "kw-1"), Branch(8, "KW8", "KW", "kw-1"), Branch(9, "SA9", "SA", "sa-1")]
SALES = REPORTS["sales-by-day"]


def test_without_filters_everything_is_asked_for_also_unknown_branches() -> None:
    filters = read_filters(SALES, {}, BRANCHES)
    assert (filters.first, filters.last) == (FIRST_DAY, LAST_DAY)
    assert filters.branches is None
    assert filters.parameters()["everywhere"] == 1
    assert filters.parameters()["limit"] == ROWS_DEFAULT + 1


def test_filters_become_parameters() -> None:
    given = {"from": "2026-03-01", "to": "2026-03-31", "region": "KW", "limit": "5"}
    filters = read_filters(SALES, given, BRANCHES)
    parameters = filters.parameters()
    assert (parameters["from"], parameters["to"]) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (parameters["first_month"], parameters["last_month"]) == (202603, 202603)
    assert (parameters["everywhere"], parameters["branches"], parameters["limit"]) == (0, [7, 8], 6)


@pytest.mark.parametrize("branch", ["KW8", "8"])
def test_a_branch_is_named_by_code_or_number(branch: str) -> None:
    assert read_filters(SALES, {"branch": branch}, BRANCHES).branches == (8,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"from": "yesterday"}, "'yesterday' is not a day"),
        ({"from": "20260301"}, "is not a day"),
        ({"to": "2026-02-30"}, "is not a day"),
        ({"to": "0001-01-01"}, "is not a day"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "lies before"),
        ({"region": "QA"}, "The regions are: KW, SA"),
        ({"branch": "KW99"}, "no branch 'KW99'"),
        ({"branch": "7' OR 1=1 --"}, "no branch"),
        ({"region": "SA", "branch": "KW7"}, "in the region SA"),
        ({"limit": "0"}, f"between 1 and {ROWS_MAX}"),
        ({"limit": str(ROWS_MAX + 1)}, "between"),
        ({"limit": "٣"}, "between"),
        ({"branch": "x" * 65}, "too long"),
        ({"colour": "red"}, "Its filters are: from, to, region, branch, limit"),
    ],
)
def test_a_filter_that_cannot_be_used_is_explained(given: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidReportFilter) as refused:
        read_filters(SALES, given, BRANCHES)
    assert message in str(refused.value)


def test_a_report_on_the_present_takes_no_dates() -> None:
    with pytest.raises(InvalidReportFilter, match="shows the present"):
        read_filters(REPORTS["stock"], {"from": "2026-03-01"}, BRANCHES)


def test_an_unknown_report_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownReport, match=r"sales-by-branch.*totals"):
        find_report("profit")


def test_every_report_has_one_statement_and_every_statement_a_report() -> None:
    folder = files("octonext.reporting").joinpath("reports")
    found = {path.name for path in folder.iterdir() if path.name.endswith(".sql")}
    assert found == {report.resource for report in REPORTS.values()}


DAYS = st.dates(FIRST_DAY, LAST_DAY)


@given(DAYS, st.integers(0, 1200))
@example(FIRST_DAY, (LAST_DAY - FIRST_DAY).days)
@example(date(2299, 12, 5), 400)
@example(date(2028, 2, 1), 28)
def test_a_range_is_divided_into_whole_months_and_the_days_around_them(first: date, length: int) -> None:
    last = min(first + timedelta(days=length), LAST_DAY)
    months = whole_months(first, last)

    def times(day: date) -> int:
        within = months.first <= day.year * 100 + day.month <= months.last
        around = [start <= day <= end for start, end in (months.head, months.tail)]
        return within + sum(around)

    edges = {first, last, first.replace(day=28), last.replace(day=1), *months.head, *months.tail}
    days = edges | {first + timedelta(days=n) for n in range(min(100, (last - first).days + 1))}
    for day in days:
        assert times(day) == (first <= day <= last), day
    for outside in (first - timedelta(days=1), last + timedelta(days=1)):
        assert times(outside) == 0
    if (last - first).days > 61:
        assert max((end - start).days for start, end in (months.head, months.tail)) < 31


def _period(of: str, day: date) -> tuple[int, ...]:
    return (day.year, day.month, day.day)[: ("years", "months", "days").index(of) + 1]


@given(DAYS, st.integers(0, 1600))
@example(FIRST_DAY, (LAST_DAY - FIRST_DAY).days)
@example(date(2026, 1, 1), 364)
@example(date(2025, 12, 31), 366)
@example(date(2299, 12, 5), 400)
def test_a_range_is_divided_into_whole_years_and_months_that_do_not_overlap(first: date, length: int) -> None:
    last = min(first + timedelta(days=length), LAST_DAY)
    found = spans(first, last)

    def times(day: date) -> int:
        return sum(
            _period(span.of, span.first) <= _period(span.of, day) <= _period(span.of, span.last)
            for span in found
        )

    edges = {first, last} | {edge for span in found for edge in (span.first, span.last)}
    days = edges | {first + timedelta(days=n) for n in range(0, (last - first).days + 1, 1 + length // 200)}
    for day in days:
        assert times(day) == (first <= day <= last), day
    for outside in (first - timedelta(days=1), last + timedelta(days=1)):
        assert times(outside) == 0
    if (last - first).days > 730:
        assert any(span.of == "years" for span in found)
