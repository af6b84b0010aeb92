from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from octonext.reporting.domain.queries import (
    FIRST_DAY,
    LAST_DAY,
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
    assert filters.parameters() == {
        "from": date(2026, 3, 1), "to": date(2026, 3, 31), "everywhere": 0, "branches": [7, 8], "limit": 6,
    }  # fmt: skip


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
